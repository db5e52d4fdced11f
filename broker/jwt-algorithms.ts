// The algorithms with which JSON Web Tokens may be signed: a secret, or a key of which we have the public half only.
export const JWT_ALGORITHMS = ['HS256', 'RS256', 'ES256'] as const;
export type JwtAlgorithm = (typeof JWT_ALGORITHMS)[number];
