// Server-sent events from a stream of text (the HTML standard's rules). Used by `live.ts`.

export interface SseEvent {
  id: string | null;
  event: string;
  data: string;
}

/** Takes text in whatever pieces it comes; gives events as they are complete. */
export class SseParser {
  private rest = '';
  private data: string[] = [];
  private event = '';
  private id: string | null = null;

  feed(chunk: string): SseEvent[] {
    this.rest += chunk;
    const found: SseEvent[] = [];
    // A CR at the very end may be half of a CRLF: it waits for what follows.
    const lines = this.rest.split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = this.line(line);
      if (event) found.push(event);
    }
    return found;
  }

  private line(line: string): SseEvent | null {
    if (line === '') return this.dispatch();
    if (line.startsWith(':')) return null;
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') this.data.push(value);
    else if (field === 'event') this.event = value;
    else if (field === 'id' && !value.includes('\0')) this.id = value;
    return null;
  }

  private dispatch(): SseEvent | null {
    const { data, event } = this;
    this.data = [];
    this.event = '';
    if (data.length === 0) return null;
    return { id: this.id, event: event || 'message', data: data.join('\n') };
  }
}
