/* What the tests use of jsts, which has no types of its own. */

declare module 'jsts/org/locationtech/jts/io/WKTReader.js' {
  export default class WKTReader {
    read(text: string): object
  }
}

declare module 'jsts/org/locationtech/jts/operation/relate/RelateOp.js' {
  const RelateOp: { relate(a: object, b: object): IntersectionMatrix }
  export default RelateOp
  interface IntersectionMatrix {
    isWithin(): boolean
    isIntersects(): boolean
    isDisjoint(): boolean
  }
}

declare module 'jsts/org/locationtech/jts/operation/valid/IsValidOp.js' {
  export default class IsValidOp {
    constructor(geometry: object)
    isValid(): boolean
  }
}
