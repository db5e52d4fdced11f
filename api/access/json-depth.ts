// How deep JSON goes, found without recursion: parsers and what walks their result overflow the stack at some depth, which would be our
// failure instead of the sender's.
export const MAX_JSON_DEPTH = 32;

/** Whether brackets outside of texts are nested deeper than that. text: need not be JSON */
export function isTooDeep(text: string, max = MAX_JSON_DEPTH): boolean {
  let depth = 0;
  let inText = false;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (inText) {
      if (letter === '\\') at++;
      else if (letter === '"') inText = false;
    } else if (letter === '"') inText = true;
    else if (letter === '[' || letter === '{') {
      if (++depth > max) return true;
    } else if (letter === ']' || letter === '}') depth--;
  }
  return false;
}
