// Says who may do what is not offered here, so that nobody looks for a button in vain. Used by pages of the tenant's side.
import { HStack, Text } from '@chakra-ui/react';
import { Lock } from 'lucide-react';
import { useWho } from '../../session/session';
import { Icon } from '../../ui/Icon';

/** `who`: `Owners`; `what`: `make and archive workspaces`. */
export function MayNot({ who, what }: { who: string; what: string }) {
  const me = useWho();
  return (
    <HStack gap="2" color="fg.muted" textStyle="xs" mb="3" align="flex-start">
      <Icon as={Lock} boxSize="3.5" mt="0.5" />
      <Text>
        {who} {what}.{me.kind === 'member' && ` You are ${me.role} here.`}
      </Text>
    </HStack>
  );
}
