// One kind of failure for the whole console: a problem response (RFC 9457), no network, or an answer that is none of ours.
// Made by `client.ts`; shown by `ui/ProblemHelp.tsx`; fields are shown by `ui/form.tsx`.

export interface FieldProblem {
  /** JSON pointer into the request, such as `/email`. */
  pointer: string;
  code: string;
  detail: string;
}

export interface ProblemBody {
  code: string;
  title: string;
  detail: string;
  status: number;
  requestId?: string;
  errors: FieldProblem[];
  nextSteps: string[];
  /** Seconds to wait, where the server said so. */
  retryAfter?: number;
}

export class Problem extends Error implements ProblemBody {
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly status: number;
  readonly requestId?: string;
  readonly errors: FieldProblem[];
  readonly nextSteps: string[];
  readonly retryAfter?: number;

  constructor(body: ProblemBody) {
    super(`${body.title}: ${body.detail}`);
    this.name = 'Problem';
    this.code = body.code;
    this.title = body.title;
    this.detail = body.detail;
    this.status = body.status;
    this.errors = body.errors;
    this.nextSteps = body.nextSteps;
    if (body.requestId !== undefined) this.requestId = body.requestId;
    if (body.retryAfter !== undefined) this.retryAfter = body.retryAfter;
  }

  /** Whether the same request may go well a little later. */
  get passing(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

function fields(value: unknown): FieldProblem[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isRecord).map((entry) => ({
    pointer: text(entry.pointer) ?? '',
    code: text(entry.code) ?? 'invalid',
    detail: text(entry.detail) ?? 'This is not valid.',
  }));
}

function seconds(header: string | null | undefined): number | undefined {
  const number = header ? Number(header) : Number.NaN;
  return Number.isFinite(number) && number >= 0 ? number : undefined;
}

/** The problem in an answer, whatever its body turned out to be. */
export function problemOf(body: unknown, response: Pick<Response, 'status' | 'headers'>): Problem {
  const requestId = response.headers.get('x-request-id') ?? undefined;
  const retryAfter = seconds(response.headers.get('retry-after'));
  const common = {
    status: response.status,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
  if (isRecord(body) && text(body.code) && text(body.title)) {
    const id = text(body.request_id) ?? requestId;
    return new Problem({
      ...common,
      code: text(body.code) ?? 'unknown',
      title: text(body.title) ?? 'Something went wrong',
      detail: text(body.detail) ?? '',
      ...(id === undefined ? {} : { requestId: id }),
      errors: fields(body.errors),
      nextSteps: Array.isArray(body.next_steps)
        ? body.next_steps.filter((step) => typeof step === 'string')
        : [],
    });
  }
  return new Problem({
    ...common,
    code: 'unreadable_answer',
    title: 'The answer could not be read',
    detail: `The server, or something between it and this page, answered with status ${response.status} and no explanation.`,
    ...(requestId === undefined ? {} : { requestId }),
    errors: [],
    nextSteps: ['Try again in a moment.', 'If a proxy stands in front of the server, look at its log.'],
  });
}

/** Whatever was thrown, as a problem. An abort stays an abort: nobody has to be told of it. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof TypeError) {
    return new Problem({
      code: 'network',
      title: 'The server cannot be reached',
      detail: 'No answer came: the network is away, or the server is not running.',
      status: 0,
      errors: [],
      nextSteps: ['Check your connection, then try again.'],
    });
  }
  return new Problem({
    code: 'page_error',
    title: 'This page failed',
    detail: thrown instanceof Error ? thrown.message : String(thrown),
    status: -1,
    errors: [],
    nextSteps: ['Load the page again. If it stays like this, report it with the text above.'],
  });
}

/** The name of the form's field that a pointer means: `/limits/0/name` is `limits.0.name`. */
export function fieldOf(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join('.');
}
