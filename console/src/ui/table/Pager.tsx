// Pages by cursor: first, back, next. Shown only where there is more than one. Used by `DataTable`.
import { Button, Flex, HStack, Text } from '@chakra-ui/react';
import { ChevronLeft, ChevronRight } from 'lucide-react';
import { Icon } from '../Icon';
import type { TableControl } from './useTableSearch';

interface Props {
  control: TableControl;
  shown: number | undefined;
  next: string | null | undefined;
  label: string;
}

export function Pager({ control, shown, next, label }: Props) {
  const away = control.search.cursor !== undefined;
  if (!next && !away) return null;
  return (
    <Flex
      as="nav"
      aria-label={`Pages of ${label.toLowerCase()}`}
      mt="3"
      justify="space-between"
      align="center"
      gap="2"
    >
      <Text textStyle="xs" color="fg.muted" aria-live="polite">
        {shown === undefined ? '' : `${shown} on this page`}
      </Text>
      <HStack gap="1">
        {away && (
          <Button size="xs" variant="ghost" onClick={control.firstPage}>
            First page
          </Button>
        )}
        <Button size="xs" variant="outline" disabled={!control.canGoBack} onClick={control.previousPage}>
          <Icon as={ChevronLeft} boxSize="3.5" /> Back
        </Button>
        <Button size="xs" variant="outline" disabled={!next} onClick={() => next && control.nextPage(next)}>
          Next <Icon as={ChevronRight} boxSize="3.5" />
        </Button>
      </HStack>
    </Flex>
  );
}
