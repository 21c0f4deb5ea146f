// The first screen of a platform without tenants: make one, here or by command. Used by `HomePage`.
import { Box, Button, Heading, SimpleGrid, Stack, Text } from '@chakra-ui/react';
import { Link } from '@tanstack/react-router';
import { ArrowRight } from 'lucide-react';
import { CodeBlock } from '../../ui/Copy';
import { Icon } from '../../ui/Icon';
import { asCli } from '../tenant-new/commands';

const EXAMPLE = asCli({
  slug: 'acme',
  name: 'Acme Robotics',
  admin_email: 'ops@acme.example',
  plan_tier: 'free',
});

export function FirstTenant({ mayMake }: { mayMake: boolean }) {
  return (
    <Box borderWidth="1px" rounded="xl" bg="bg.panel" p={{ base: '5', md: '8' }}>
      <SimpleGrid columns={{ base: 1, lg: 2 }} gap="8" alignItems="center">
        <Stack gap="3" align="flex-start">
          <Heading as="h2" size="lg" fontWeight="semibold">
            Make your first tenant
          </Heading>
          <Text color="fg.muted">
            A tenant is one customer organisation. It gets a schema and a role of its own, which no other
            tenant can reach, an API key, and an invitation for its owner. If a step fails, all of it is
            undone.
          </Text>
          {mayMake ? (
            <Button asChild>
              <Link to="/tenants/new">
                New tenant <Icon as={ArrowRight} />
              </Link>
            </Button>
          ) : (
            <Text>Admins make tenants. Ask one, or have your role changed.</Text>
          )}
        </Stack>
        <CodeBlock code={EXAMPLE} label="Or by command" lang="sh" />
      </SimpleGrid>
    </Box>
  );
}
