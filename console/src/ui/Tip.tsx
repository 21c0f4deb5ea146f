// A short text on hover and focus. Used for exact times and for buttons that show only an icon.
// A page has hundreds of them and shows one: what draws it is made when it is wanted, not with the page.
import { mergeProps, Portal, Tooltip } from '@chakra-ui/react';
import {
  cloneElement,
  type FocusEvent,
  type HTMLAttributes,
  type PointerEvent,
  type ReactElement,
  type ReactNode,
  useEffect,
  useId,
  useRef,
  useState,
} from 'react';

const OPENS = 300;
/** So long has a pointer to get from what has the tip to the tip itself, over the gap between them. */
const CLOSES = 200;

interface Props {
  text: ReactNode;
  /** Takes what an element takes. */
  children: ReactElement<HTMLAttributes<HTMLElement>>;
}

export function Tip({ text, children }: Props) {
  const own = useId();
  const id = children.props.id ?? own;
  const { open, close, handlers, bubble } = useNearness();
  return (
    <>
      {cloneElement(
        children,
        mergeProps(children.props, handlers, { id }, open ? { 'aria-describedby': `${id}-tip` } : {}),
      )}
      {open && (
        <Tooltip.Root
          open
          onOpenChange={(change) => !change.open && close()}
          ids={{ trigger: id, content: `${id}-tip` }}
        >
          <Portal>
            <Tooltip.Positioner>
              {/* It can be pointed at, to be read at leisure under a magnifier or to be copied (WCAG 1.4.13). */}
              <Tooltip.Content maxW="xs" userSelect="text" style={{ pointerEvents: 'auto' }} {...bubble}>
                {text}
              </Tooltip.Content>
            </Tooltip.Positioner>
          </Portal>
        </Tooltip.Root>
      )}
    </>
  );
}

/** Open while a pointer rests on it or on its tip, or the keyboard is there; Escape and a press close it. */
function useNearness() {
  const [open, setOpen] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const turn = (to: boolean, after: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setOpen(to), after);
  };
  const close = () => turn(false, 0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const handlers = {
    onPointerEnter: (event: PointerEvent) => event.pointerType !== 'touch' && turn(true, OPENS),
    onPointerLeave: () => turn(false, CLOSES),
    onPointerDown: close,
    onFocus: (event: FocusEvent) => event.currentTarget.matches(':focus-visible') && turn(true, 0),
    onBlur: close,
  };
  const bubble = {
    onPointerEnter: () => turn(true, 0),
    onPointerLeave: () => turn(false, CLOSES),
  };
  return { open, close, handlers, bubble };
}
