// Step 2: the tier, as a card for each from the server's table. Used by `NewTenantPage`.
import { Badge, Box, HStack, RadioCard, SimpleGrid, Skeleton, Text } from '@chakra-ui/react';
import { Controller } from 'react-hook-form';
import { useTiers } from '../../api/tiers';
import type { Tier, TierTerms } from '../../api/types';
import { sentence } from '../../ui/format';
import { limitRows, price } from '../../ui/limits';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { StepFrame } from './StepFrame';
import type { Wizard } from './useWizard';

export function PlanStep({ wizard }: { wizard: Wizard }) {
  const tiers = useTiers();
  return (
    <StepFrame wizard={wizard} title="Which plan?" lead="The tier is the source of its limits.">
      {tiers.data ? (
        <Cards wizard={wizard} tiers={tiers.data.items} />
      ) : tiers.isError ? (
        <ProblemHelp error={tiers.error} retry={() => void tiers.refetch()} />
      ) : (
        <SimpleGrid columns={{ base: 1, sm: 2 }} gap="3" aria-busy>
          {[0, 1, 2, 3].map((card) => (
            <Skeleton key={card} h="56" rounded="lg" />
          ))}
        </SimpleGrid>
      )}
    </StepFrame>
  );
}

function Cards({ wizard, tiers }: { wizard: Wizard; tiers: TierTerms[] }) {
  return (
    <Controller
      control={wizard.form.control}
      name="plan_tier"
      render={({ field }) => (
        <RadioCard.Root
          size="sm"
          name={field.name}
          value={field.value}
          onValueChange={(change) => change.value && field.onChange(change.value as Tier)}
        >
          <RadioCard.Label srOnly>Tier</RadioCard.Label>
          <SimpleGrid columns={{ base: 1, sm: 2 }} gap="3">
            {tiers.map((tier, index) => (
              <RadioCard.Item key={tier.name} value={tier.name}>
                <RadioCard.ItemHiddenInput
                  {...(index === 0 ? { ref: field.ref } : {})}
                  onBlur={field.onBlur}
                />
                <RadioCard.ItemControl>
                  <RadioCard.ItemContent>
                    <Terms tier={tier} />
                  </RadioCard.ItemContent>
                  <RadioCard.ItemIndicator />
                </RadioCard.ItemControl>
              </RadioCard.Item>
            ))}
          </SimpleGrid>
        </RadioCard.Root>
      )}
    />
  );
}

function Terms({ tier }: { tier: TierTerms }) {
  return (
    <>
      <HStack gap="2">
        <RadioCard.ItemText>{sentence(tier.name)}</RadioCard.ItemText>
        {tier.is_default && <Badge size="sm">Default</Badge>}
      </HStack>
      <Text fontVariantNumeric="tabular-nums">{price(tier)}</Text>
      {/* Inside a label only phrases may stand: no list of definitions. */}
      <RadioCard.ItemDescription asChild>
        <Box as="span" display="grid" gap="0.5" mt="2" w="full">
          {limitRows(tier.limits).map(([name, most]) => (
            <HStack as="span" key={name} justify="space-between" gap="3" align="baseline">
              <span>{name}</span>
              <Text as="span" color="fg" textAlign="end" fontVariantNumeric="tabular-nums">
                {most}
              </Text>
            </HStack>
          ))}
        </Box>
      </RadioCard.ItemDescription>
    </>
  );
}
