// How a table becomes cards where it is narrow. The roles in the markup keep it a table for readers. Used by `DataTable`.
import type { SystemStyleObject } from '@chakra-ui/react';

export const cardStyles: SystemStyleObject = {
  '& th': { color: 'fg.muted', fontWeight: 'medium', textStyle: 'xs', whiteSpace: 'nowrap', bg: 'bg.subtle' },
  // A long word breaks where it has to, yet makes no column narrower than the words in it.
  '& td': { overflowWrap: 'break-word', verticalAlign: 'middle' },
  '& td .copy-id': { md: { maxW: '44' } },
  '& tbody td[data-align=end]': { md: { textAlign: 'end' } },
  '& tbody tr:last-of-type td': { md: { borderBottomWidth: '0' } },
  '& tbody tr:hover': { md: { bg: 'bg.subtle' } },
  mdDown: {
    display: 'block',
    '& thead': { srOnly: true },
    '& tbody': { display: 'grid', gap: '3' },
    '& tbody tr': {
      display: 'grid',
      position: 'relative',
      borderWidth: '1px',
      rounded: 'lg',
      bg: 'bg.panel',
      p: '3',
      gap: '1.5',
    },
    '& tbody td': {
      display: 'grid',
      gridTemplateColumns: '7.5rem minmax(0, 1fr)',
      alignItems: 'center',
      justifyItems: 'start',
      gap: '2',
      p: '0',
      border: 'none',
      textAlign: 'start',
    },
    '& tbody td[data-label]::before': {
      content: 'attr(data-label)',
      color: 'fg.muted',
      textStyle: 'xs',
    },
    '& tbody td[data-fixed]': { gridTemplateColumns: 'minmax(0, 1fr)' },
    // Actions stand where the card begins, on the right.
    '& tbody td[data-actions]': { position: 'absolute', top: '2', right: '2' },
    '& tbody td[data-actions]:empty': { display: 'none' },
    // Beside what the card is about, which gives them room, however long it is.
    '& tbody tr:has(> td[data-actions]:not(:empty))': {
      gridTemplateColumns: 'minmax(0, 1fr) auto',
      '& > td': { gridColumn: '1 / -1' },
      '& > td:first-of-type': { gridColumn: '1' },
      '& > td[data-actions]': { position: 'static', gridColumn: '2', gridRow: '1', alignSelf: 'start' },
    },
    '& tbody td[data-fixed]::before': { display: 'none' },
  },
};
