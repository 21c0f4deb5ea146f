// Filters that are kept in the URL: a text that waits until typing pauses, and choices. Used above tables.
import { Button, Input, InputGroup, NativeSelect } from '@chakra-ui/react';
import { Search, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { Icon } from './Icon';
import { useTableSearch } from './table/useTableSearch';

/** Typing is over when nothing came for so long. */
const PAUSE = 250;

type Values = Record<string, string | undefined>;

/** Filters by text, `name` in the URL. */
export function TextFilter({ name, label }: { name: string; label: string }) {
  const { search, filter } = useTableSearch();
  const kept = (search as Values)[name] ?? '';
  const [typed, setTyped] = useState(kept);
  const apply = useRef(filter);
  useEffect(() => {
    apply.current = filter;
  });
  // The URL can change by itself: back, a link, "Clear filters".
  useEffect(() => setTyped(kept), [kept]);
  useEffect(() => {
    if (typed.trim() === kept) return;
    const timer = setTimeout(() => apply.current({ [name]: typed.trim() }), PAUSE);
    return () => clearTimeout(timer);
  }, [typed, kept, name]);
  return (
    <InputGroup startElement={<Icon as={Search} />} maxW={{ sm: '64' }} flex="1 1 10rem">
      <Input
        type="search"
        size="sm"
        aria-label={label}
        placeholder={label}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
    </InputGroup>
  );
}

interface ChoiceProps {
  name: string;
  /** What is chosen: `Status`. */
  label: string;
  /** Words of the API and what they are called. */
  options: [value: string, label: string][];
}

export function ChoiceFilter({ name, label, options }: ChoiceProps) {
  const { search, filter } = useTableSearch();
  return (
    <NativeSelect.Root size="sm" w="auto" minW="36">
      <NativeSelect.Field
        aria-label={label}
        value={(search as Values)[name] ?? ''}
        onChange={(event) => filter({ [name]: event.target.value })}
      >
        <option value="">{label}: all</option>
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </NativeSelect.Field>
      <NativeSelect.Indicator />
    </NativeSelect.Root>
  );
}

/** Takes all of these filters away; shown only where one is set. */
export function ClearFilters({ names }: { names: string[] }) {
  const { search, filter } = useTableSearch();
  if (!names.some((name) => (search as Values)[name])) return null;
  return (
    <Button
      size="sm"
      variant="ghost"
      onClick={() => filter(Object.fromEntries(names.map((name) => [name, undefined])))}
    >
      <Icon as={X} /> Clear filters
    </Button>
  );
}
