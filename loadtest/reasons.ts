// What codes of refusal mean, in words: return codes of a CONNACK of MQTT 3.1.1 (table 3.1) and reason codes of MQTT 5 (table 2-6 there).

const WORDS: { readonly [code: number]: string } = {
  1: 'unacceptable protocol version',
  2: 'client id rejected',
  3: 'server unavailable',
  4: 'bad user name or password',
  5: 'not authorized',
  0x80: 'unspecified error',
  0x83: 'implementation specific error',
  0x84: 'unacceptable protocol version',
  0x85: 'client id rejected',
  0x86: 'bad user name or password',
  0x87: 'not authorized',
  0x88: 'server unavailable',
  0x89: 'server busy',
  0x8a: 'banned',
  0x90: 'topic name invalid',
  0x91: 'packet identifier in use',
  0x97: 'quota exceeded',
  0x99: 'payload format invalid',
  0x9f: 'connection rate exceeded',
};

export function reasonText(code: number): string {
  return WORDS[code] ?? `code ${code}`;
}
