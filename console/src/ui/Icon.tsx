// Icons: always decoration beside a word, so hidden from readers. Used everywhere.
import { Icon as ChakraIcon, type IconProps } from '@chakra-ui/react';
import type { LucideIcon } from 'lucide-react';

export function Icon({ as, ...rest }: Omit<IconProps, 'as'> & { as: LucideIcon }) {
  const Glyph = as;
  return (
    <ChakraIcon aria-hidden boxSize="4" flexShrink="0" {...rest} asChild>
      <Glyph />
    </ChakraIcon>
  );
}
