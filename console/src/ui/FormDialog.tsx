// A dialog around a form. It is sent once at a time; the server's errors stand at their fields, other problems above them. Used by pages.
import type { FieldValues, UseFormReturn } from 'react-hook-form';
import { DialogFrame, type DialogProps } from './DialogFrame';
import { useSend } from './useDeed';

interface Props<Values extends FieldValues> extends DialogProps {
  form: UseFormReturn<Values>;
  /** The verb on the button: `Add operator`. */
  submit: string;
  /** Sends it, and closes the dialog where nothing is left to show. */
  send: (values: Values) => unknown;
  disabled?: boolean;
}

export function FormDialog<Values extends FieldValues>({ form, send, ...rest }: Props<Values>) {
  return <DialogFrame {...rest} {...useSend(form, send)} />;
}
