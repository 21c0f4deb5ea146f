// A box that selects rows, with a name for readers: the browser's own, since a page has fifty of them. Used by the head and the rows of tables.
import { chakra } from '@chakra-ui/react';

interface Props {
  label: string;
  checked: boolean | 'indeterminate';
  onChange: (checked: boolean) => void;
}

export function SelectBox({ label, checked, onChange }: Props) {
  return (
    <chakra.label
      display="inline-grid"
      placeContent="center"
      boxSize="6"
      verticalAlign="middle"
      cursor="pointer"
      css={{ '& input': { boxSize: '4', cursor: 'inherit', accentColor: '{colors.accent.solid}' } }}
    >
      <input
        type="checkbox"
        aria-label={label}
        checked={checked === true}
        onChange={(event) => onChange(event.target.checked)}
        ref={(box) => {
          if (box) box.indeterminate = checked === 'indeterminate';
        }}
      />
    </chakra.label>
  );
}
