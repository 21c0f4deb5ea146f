// A new key, shown this once. Used by the dialogs that make one.
import type { Shape } from '../../api/types';
import { SecretDialog } from '../tenant-side/SecretDialog';

export function KeyDialog({ made, onClose }: { made: Shape<'NewApiKey'>; onClose: () => void }) {
  return (
    <SecretDialog
      title={`The key ${made.name} is made`}
      what="key"
      secret={made.key}
      warning="Copy it now and store it where secrets belong. It is shown this once: only its hash is kept, so nobody can show it again."
      onClose={onClose}
    />
  );
}
