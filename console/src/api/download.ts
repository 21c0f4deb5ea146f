// Files that the API streams: asked for as whoever is signed in, saved under the name that the server gives them.
// Calls: `client.ts`. Used by pages that export.
import { authorisedFetch } from './client';
import { asProblem, problemOf } from './problem';

/** Fetches a file and hands it to the browser's downloads. Throws a `Problem`; a file that broke off is not saved. */
export async function download(path: string, name: string, init: RequestInit = {}): Promise<void> {
  let file: Blob;
  let called = name;
  try {
    const response = await authorisedFetch(new Request(new URL(path, location.origin), init));
    if (!response.ok) throw problemOf(await response.json().catch(() => null), response);
    called = fileName(response.headers.get('content-disposition')) ?? name;
    file = await response.blob();
  } catch (thrown) {
    throw asProblem(thrown);
  }
  saveFile(file, called);
}

/** Hands something to the browser's downloads. */
export function saveFile(file: Blob, name: string) {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken it over by the time that the page is idle again.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** The name in a `Content-Disposition`, as our server writes it. */
export function fileName(header: string | null): string | undefined {
  return /filename="([^"/\\]+)"/.exec(header ?? '')?.[1];
}

/** A path with only those parameters that say something. */
export function pathWith(path: string, query: Record<string, string | undefined>): string {
  const given = Object.entries(query).filter((pair): pair is [string, string] => Boolean(pair[1]));
  const text = new URLSearchParams(given).toString();
  return text ? `${path}?${text}` : path;
}
