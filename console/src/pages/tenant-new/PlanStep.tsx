// Step 2: the tier. Used by `NewTenantPage`.
import { RadioCard, SimpleGrid } from '@chakra-ui/react';
import { Controller } from 'react-hook-form';
import type { Tier } from '../../api/types';
import { StepFrame } from './StepFrame';
import { TIERS } from './tiers';
import type { Wizard } from './useWizard';

export function PlanStep({ wizard }: { wizard: Wizard }) {
  return (
    <StepFrame wizard={wizard} title="Which plan?" lead="The tier is the source of its limits.">
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
              {TIERS.map(({ tier, label, words }, index) => (
                <RadioCard.Item key={tier} value={tier}>
                  <RadioCard.ItemHiddenInput
                    {...(index === 0 ? { ref: field.ref } : {})}
                    onBlur={field.onBlur}
                  />
                  <RadioCard.ItemControl>
                    <RadioCard.ItemContent>
                      <RadioCard.ItemText>{label}</RadioCard.ItemText>
                      <RadioCard.ItemDescription>{words}</RadioCard.ItemDescription>
                    </RadioCard.ItemContent>
                    <RadioCard.ItemIndicator />
                  </RadioCard.ItemControl>
                </RadioCard.Item>
              ))}
            </SimpleGrid>
          </RadioCard.Root>
        )}
      />
    </StepFrame>
  );
}
