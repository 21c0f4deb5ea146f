// A button that shows an icon and says a word. Used in bars and tables.
import { Button, type ButtonProps } from '@chakra-ui/react';
import type { LucideIcon } from 'lucide-react';
import { Icon } from './Icon';
import { Tip } from './Tip';

export function IconButton({ icon, label, ...rest }: ButtonProps & { icon: LucideIcon; label: string }) {
  return (
    <Tip text={label}>
      <Button variant="ghost" size="sm" px="0" minW="8" aria-label={label} {...rest}>
        <Icon as={icon} />
      </Button>
    </Tip>
  );
}
