import { describe, expect, it } from 'vitest';
import { SseParser } from './sse';

const whole = 'id: 7\nevent: step\ndata: {"a":1}\n\n: heartbeat\n\ndata: one\ndata:two\n\n';
const events = [
  { id: '7', event: 'step', data: '{"a":1}' },
  { id: '7', event: 'message', data: 'one\ntwo' },
];

describe('the reader of server-sent events', () => {
  it('reads events, comments and several lines of data', () => {
    expect(new SseParser().feed(whole)).toEqual(events);
  });

  it.each(['\n', '\r\n', '\r'])('reads lines that end with %j, cut anywhere', (end) => {
    const text = `${whole.replaceAll('\n', end)}data: x${end}`;
    for (let at = 0; at <= text.length; at += 1) {
      const parser = new SseParser();
      expect([...parser.feed(text.slice(0, at)), ...parser.feed(text.slice(at))], `cut at ${at}`).toEqual(
        events,
      );
    }
  });

  it('holds back what is not complete', () => {
    const parser = new SseParser();
    expect(parser.feed('data: a\n')).toEqual([]);
    expect(parser.feed('\n')).toHaveLength(1);
  });

  it('tells nothing where there is no data, and keeps the id', () => {
    const parser = new SseParser();
    expect(parser.feed('id: 3\nevent: run\n\n')).toEqual([]);
    expect(parser.feed('data: a\n\n')).toEqual([{ id: '3', event: 'message', data: 'a' }]);
  });
});
