// A box that selects rows, with a name for readers. Used by the head and the rows of tables.
import { Checkbox } from '@chakra-ui/react';

interface Props {
  label: string;
  checked: boolean | 'indeterminate';
  onChange: (checked: boolean) => void;
}

export function SelectBox({ label, checked, onChange }: Props) {
  return (
    <Checkbox.Root
      size="sm"
      minW="6"
      minH="6"
      justifyContent="center"
      checked={checked}
      onCheckedChange={(change) => onChange(change.checked === true)}
    >
      <Checkbox.HiddenInput aria-label={label} />
      <Checkbox.Control />
    </Checkbox.Root>
  );
}
