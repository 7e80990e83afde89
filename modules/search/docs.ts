/* Docs of the commands of indexes, a line each: name, since, complexity, what it does. */

export const SEARCH_DOCS = `
ft.aggregate 1.1.0 O(1) for each document that matches, a step: Searches an index and groups, computes, sorts and filters what was found.
ft.aliasadd 1.0.0 O(1): Gives an index another name.
ft.aliasdel 1.0.0 O(1): Takes another name of an index away.
ft.aliasupdate 1.0.0 O(1): Gives an index another name, which may be that of a different index.
ft.alter 1.0.0 O(N) in the number of documents: Adds a field to an index.
ft.config 1.0.0 O(1): Shows and changes the parameters of the module.
ft.create 1.0.0 O(K) in the number of fields, and O(N) in the number of keys to be read: Makes an index.
ft.cursor 1.1.0 O(1): Goes on with the result of FT.AGGREGATE, or ends it.
ft.dictadd 1.4.0 O(1) for each term: Adds terms to a dictionary.
ft.dictdel 1.4.0 O(1) for each term: Removes terms from a dictionary.
ft.dictdump 1.4.0 O(N) in the size of the dictionary: Lists the terms of a dictionary.
ft.dropindex 2.0.0 O(1), or O(N) in the number of documents that go with it: Removes an index.
ft.explain 1.0.0 O(1): Shows how a query is understood.
ft.explaincli 1.0.0 O(1): Shows how a query is understood, as lines for a console.
ft.info 1.0.0 O(1): Tells fields and figures of an index.
ft.profile 2.2.0 O(N) as the command it runs: Runs FT.SEARCH or FT.AGGREGATE and tells where the time went.
ft.search 1.0.0 O(N) in the number of documents that match: Searches an index and returns documents.
ft.spellcheck 1.4.0 O(1): Proposes corrections of a query's terms.
ft.sugadd 1.0.0 O(1): Adds a suggestion to a dictionary for completion.
ft.sugdel 1.0.0 O(1): Removes a suggestion.
ft.sugget 1.0.0 O(1): Completes a prefix.
ft.suglen 1.0.0 O(1): Tells how many suggestions a dictionary has.
ft.syndump 1.2.0 O(1): Lists the synonyms of an index.
ft.synupdate 1.2.0 O(1): Adds terms to a group of synonyms.
ft.tagvals 1.0.0 O(N) in the number of values: Lists the values of a tag field.
ft._list 2.0.0 O(N) in the number of indexes: Lists the indexes.
`
