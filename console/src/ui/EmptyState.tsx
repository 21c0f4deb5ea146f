// Nothing there: why, and what to do about it. Used by lists and pages.
import { EmptyState as ChakraEmpty, VStack } from '@chakra-ui/react';
import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { Icon } from './Icon';

interface Props {
  icon: LucideIcon;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}

export function EmptyState({ icon, title, children, action }: Props) {
  return (
    <ChakraEmpty.Root size="sm">
      <ChakraEmpty.Content>
        <ChakraEmpty.Indicator>
          <Icon as={icon} boxSize="8" />
        </ChakraEmpty.Indicator>
        <VStack textAlign="center" gap="1">
          <ChakraEmpty.Title>{title}</ChakraEmpty.Title>
          {children && <ChakraEmpty.Description maxW="md">{children}</ChakraEmpty.Description>}
        </VStack>
        {action}
      </ChakraEmpty.Content>
    </ChakraEmpty.Root>
  );
}
