// Mark and name of the product. Used by the shell and the sign-in page.
import { Box, HStack, Text } from '@chakra-ui/react';

export function Brand({ large = false }: { large?: boolean }) {
  const size = large ? '8' : '6';
  return (
    <HStack gap="2.5">
      <Box boxSize={size} asChild>
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="7" fill="#0f766e" />
          <path d="M7 9h18v4h-7v11h-4V13H7z" fill="#fff" />
          <path d="M21 18h4v6h-4zM7 18h4v6H7z" fill="#5eead4" />
        </svg>
      </Box>
      <Text fontWeight="semibold" textStyle={large ? 'xl' : 'md'} letterSpacing="-0.01em">
        Tenantry
      </Text>
    </HStack>
  );
}
