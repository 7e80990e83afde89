/* Docs of the commands of documents, a line each: name, since, complexity, what it does. N: values that the path names. */

export const JSON_DOCS = `
json.arrappend 1.0.0 O(N): Adds values at the end of arrays.
json.arrindex 1.0.0 O(N) in the length of the array: Finds a value in arrays.
json.arrinsert 1.0.0 O(N) in the length of the array: Puts values into arrays before an index.
json.arrlen 1.0.0 O(N): Tells how long arrays are.
json.arrpop 1.0.0 O(N) in what lies behind the index: Takes a value out of arrays and returns it.
json.arrtrim 1.0.0 O(N) in the length of the array: Keeps only a part of arrays.
json.clear 2.0.0 O(N): Empties arrays and objects, and sets numbers to zero.
json.debug 1.0.0 O(N) in the size of the value: Tells how much memory values take.
json.del 1.0.0 O(N) in the size of the value: Removes values, or the whole document.
json.forget 1.0.0 O(N) in the size of the value: Removes values, or the whole document; the same as JSON.DEL.
json.get 1.0.0 O(N) in the size of the value: Returns values as JSON text.
json.merge 2.6.0 O(M+N) for values of sizes M and N: Merges a JSON value into values.
json.mget 1.0.0 O(M*N) for M keys: Returns the values at a path of several keys.
json.mset 2.6.0 O(K*(M+N)) for K keys: Sets values of several keys at once.
json.numincrby 1.0.0 O(N): Adds a number to numbers.
json.nummultby 1.0.0 O(N): Multiplies numbers by a number.
json.numpowby 1.0.0 O(N): Raises numbers to a power.
json.objkeys 1.0.0 O(N) in the number of keys: Lists the keys of objects.
json.objlen 1.0.0 O(N): Tells how many keys objects have.
json.resp 1.0.0 O(N) in the size of the value: Returns values as types of the protocol.
json.set 1.0.0 O(M+N) for values of sizes M and N: Sets values, or the whole document.
json.strappend 1.0.0 O(N): Adds text at the end of strings.
json.strlen 1.0.0 O(N): Tells how long strings are.
json.toggle 2.0.0 O(N): Turns true into false and false into true.
json.type 1.0.0 O(N): Tells of which type values are.
`
