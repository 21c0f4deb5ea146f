import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { accessToken, forgetToken, hold, post, setFixedToken, setPlace } from './tokens';

const tokens = (name: string, seconds = 900) => ({
  access_token: name,
  token_type: 'Bearer',
  expires_in: seconds,
  csrf_token: 'csrf',
  session_id: 'ses_1',
  user_id: 'usr_1',
});
const answer = (status: number, body: unknown) =>
  new Response(body === null ? null : JSON.stringify(body), { status });

let asked: ReturnType<typeof vi.fn<typeof fetch>>;

beforeEach(() => {
  asked = vi.fn<typeof fetch>();
  vi.stubGlobal('fetch', asked);
  setFixedToken(null);
  setPlace({ tenant: 'acme', workspace: 'default' });
});
afterEach(() => vi.unstubAllGlobals());

describe('access tokens', () => {
  it('are asked for once, however many requests wait, and for the place of this tab', async () => {
    asked.mockImplementation(async () => answer(200, tokens('one')));
    expect(await Promise.all([accessToken(), accessToken(), accessToken()])).toEqual(['one', 'one', 'one']);
    expect(asked).toHaveBeenCalledTimes(1);
    expect(asked.mock.calls[0]?.[0]).toBe('/v1/auth/refresh');
    expect(asked.mock.calls[0]?.[1]?.body).toBe('{"tenant":"acme","workspace":"default"}');
    expect(await accessToken()).toBe('one');
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it('are renewed before they end, and after they were refused', async () => {
    hold(tokens('old', 30) as never);
    asked.mockImplementation(async () => answer(200, tokens('new')));
    expect(await accessToken()).toBe('new');
    forgetToken();
    await accessToken();
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it('are none where the session is over', async () => {
    asked.mockResolvedValue(answer(401, { code: 'unauthenticated', title: 'x' }));
    expect(await accessToken()).toBeNull();
  });

  it('fail as a problem where the server is away, and are asked for again', async () => {
    asked.mockRejectedValueOnce(new TypeError('Failed to fetch'));
    await expect(accessToken()).rejects.toMatchObject({ code: 'network' });
    asked.mockResolvedValue(answer(200, tokens('later')));
    expect(await accessToken()).toBe('later');
  });

  it('are the fixed one for who came with an operator token', async () => {
    setFixedToken('fixed');
    expect(await accessToken()).toBe('fixed');
    expect(asked).not.toHaveBeenCalled();
  });

  it('bring the token that the cookie alone needs', async () => {
    hold(tokens('one') as never);
    asked.mockResolvedValue(answer(204, null));
    await post('/v1/auth/logout', {});
    expect(asked.mock.calls[0]?.[1]?.headers).toMatchObject({ 'X-CSRF-Token': 'csrf' });
  });
});
