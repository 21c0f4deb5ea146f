// Before and after, leaf by leaf: a sign and a word tell what happened, colour only helps. Used by `EventDrawer`.
import { Badge, Box, Button, Stack, Text } from '@chakra-ui/react';
import { useState } from 'react';
import { CodeBlock } from '../../ui/Copy';
import { type DiffRow, diff, type Json, shown } from './diff';

const LOOKS = {
  added: ['+', 'Added', 'green'],
  removed: ['−', 'Removed', 'red'],
  changed: ['~', 'Changed', 'orange'],
  same: ['', 'Same', 'gray'],
} as const;

export function Diff({ before, after }: { before: Json; after: Json }) {
  const [raw, setRaw] = useState(false);
  const rows = diff(before, after);
  if (rows.length === 0) return <Text color="fg.muted">The event tells no values.</Text>;
  return (
    <Stack gap="3">
      {raw ? (
        <>
          {before != null && <CodeBlock label="Before" code={JSON.stringify(before, null, 2)} lang="json" />}
          {after != null && <CodeBlock label="After" code={JSON.stringify(after, null, 2)} lang="json" />}
        </>
      ) : (
        <Box as="ul" listStyleType="none" borderWidth="1px" rounded="md">
          {rows.map((row) => (
            <Row key={row.mark + row.path} row={row} />
          ))}
        </Box>
      )}
      <Button size="xs" variant="ghost" alignSelf="start" onClick={() => setRaw(!raw)}>
        {raw ? 'Show changes' : 'Show as JSON'}
      </Button>
    </Stack>
  );
}

function Row({ row }: { row: DiffRow }) {
  const [sign, word, palette] = LOOKS[row.mark];
  return (
    <Box
      as="li"
      p="2"
      borderBottomWidth="1px"
      _last={{ borderBottomWidth: 0 }}
      data-mark={row.mark}
      opacity={row.mark === 'same' ? 0.85 : 1}
    >
      <Stack direction="row" justify="space-between" gap="2" mb="0.5">
        <Text textStyle="xs" color="fg.muted" overflowWrap="anywhere">
          {row.path || 'value'}
        </Text>
        <Badge size="sm" colorPalette={palette} variant="subtle" flexShrink="0">
          <span aria-hidden>{sign}</span> {word}
        </Badge>
      </Stack>
      {row.mark !== 'added' && row.mark !== 'same' && <Value text={shown(row.before)} gone />}
      {row.mark !== 'removed' && <Value text={shown(row.after)} />}
    </Box>
  );
}

function Value({ text, gone = false }: { text: string; gone?: boolean }) {
  return (
    <Text
      as={gone ? 'del' : 'ins'}
      display="block"
      fontFamily="mono"
      textStyle="xs"
      overflowWrap="anywhere"
      whiteSpace="pre-wrap"
      textDecoration={gone ? 'line-through' : 'none'}
      color={gone ? 'fg.muted' : 'fg'}
    >
      {text}
    </Text>
  );
}
