// A part of the overview. Used by its panels.
import { Card } from '@chakra-ui/react';
import type { ReactNode } from 'react';

export function Panel({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Card.Root size="sm" as="section" aria-label={title}>
      <Card.Header>
        <Card.Title as="h2" textStyle="sm" fontWeight="semibold">
          {title}
        </Card.Title>
      </Card.Header>
      <Card.Body>{children}</Card.Body>
    </Card.Root>
  );
}
