/** The version of Redis whose behaviour this is; clients choose features by it. */
export const REDIS_VERSION = '7.4.1'
