// A part of a page that is loaded when it is first drawn: dialogs, editors. Used by pages, so that they open with less.
import { type ComponentType, lazy, Suspense } from 'react';

export function lazyPart<Props extends object>(load: () => Promise<ComponentType<Props>>) {
  const Part = lazy(async () => ({ default: (await load()) as ComponentType<object> }));
  return function LazyPart(props: Props) {
    return (
      <Suspense fallback={null}>
        <Part {...props} />
      </Suspense>
    );
  };
}
