// Views of one thing, the chosen one in the URL as `view`. Used by detail pages.
import { Tabs as ChakraTabs } from '@chakra-ui/react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';

interface Tab {
  value: string;
  label: string;
  content: ReactNode;
}

export function Tabs({ tabs, label }: { tabs: [Tab, ...Tab[]]; label: string }) {
  const { view } = useSearch({ strict: false }) as { view?: string };
  const navigate = useNavigate();
  const value = tabs.some((tab) => tab.value === view) && view ? view : tabs[0].value;
  const show = (next: string) =>
    void navigate({
      to: '.',
      // A place in one tab's list is none in another's.
      search: ((before: object) => ({
        ...before,
        view: next === tabs[0].value ? undefined : next,
        cursor: undefined,
      })) as never,
      replace: true,
      resetScroll: false,
    });
  return (
    <ChakraTabs.Root value={value} onValueChange={(change) => show(change.value)} lazyMount size="sm">
      <ChakraTabs.List aria-label={label} overflowX="auto">
        {tabs.map((tab) => (
          <ChakraTabs.Trigger key={tab.value} value={tab.value}>
            {tab.label}
          </ChakraTabs.Trigger>
        ))}
      </ChakraTabs.List>
      {tabs.map((tab) => (
        <ChakraTabs.Content key={tab.value} value={tab.value}>
          {tab.content}
        </ChakraTabs.Content>
      ))}
    </ChakraTabs.Root>
  );
}
