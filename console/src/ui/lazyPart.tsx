// A part of a page that is loaded when it is first drawn: dialogs, editors. Used by pages, so that they open with less.
import { type ComponentType, lazy, type ReactNode, Suspense } from 'react';

/** `place` stands where it will be, as large, so that nothing beside it moves when it comes. */
export function lazyPart<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  place: ReactNode = null,
) {
  const Part = lazy(async () => ({ default: (await load()) as ComponentType<object> }));
  return function LazyPart(props: Props) {
    return (
      <Suspense fallback={place}>
        <Part {...props} />
      </Suspense>
    );
  };
}
