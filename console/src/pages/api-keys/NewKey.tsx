// A new key, shown this once. Used by the dialogs that make one, here and on the tenant page.
import type { ReactNode } from 'react';
import { SecretDialog } from '../../ui/Secret';

interface Props {
  made: { name: string; key: string };
  /** More about it, such as when it ends. */
  children?: ReactNode;
  onClose: () => void;
}

export function NewKey({ made, children, onClose }: Props) {
  return (
    <SecretDialog
      title={`The key ${made.name} is made`}
      what="key"
      secret={made.key}
      warning="Copy it now and store it where secrets belong. It is shown this once: only its hash is kept, so nobody can show it again."
      onClose={onClose}
    >
      {children}
    </SecretDialog>
  );
}
