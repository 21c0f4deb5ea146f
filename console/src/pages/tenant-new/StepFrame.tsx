// One step of the wizard: heading, fields, back and next. Takes the focus when it opens: to what is wrong, or to its heading. Used by `NewTenantPage`.
import { Box, Button, Flex, Heading, Stack, Text } from '@chakra-ui/react';
import { ArrowLeft, ArrowRight } from 'lucide-react';
import { type FormEvent, type ReactNode, useEffect, useRef } from 'react';
import { Icon } from '../../ui/Icon';
import type { Wizard } from './useWizard';
import { FIELDS_OF, STEP_NAMES } from './values';

interface Props {
  wizard: Wizard;
  title: string;
  lead: string;
  /** Instead of `Next`. */
  action?: ReactNode;
  children: ReactNode;
}

/** The step that opens first takes no focus: the page has it. */
function useStepFocus({ form, step, shown }: Wizard) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (shown.current === step) return;
    shown.current = step;
    const wrong = FIELDS_OF[step].find((name) => form.getFieldState(name).invalid);
    if (wrong) form.setFocus(wrong);
    else heading.current?.focus();
  }, [step, form, shown]);
  return heading;
}

export function StepFrame({ wizard, title, lead, action, children }: Props) {
  const heading = useStepFocus(wizard);
  const before = STEP_NAMES[STEP_NAMES.indexOf(wizard.step) - 1];
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void (action ? wizard.create() : wizard.next());
  };
  return (
    <form onSubmit={submit} noValidate aria-label={title}>
      <Stack gap="5">
        <Box>
          <Heading as="h2" size="md" ref={heading} tabIndex={-1} _focusVisible={{ outline: 'none' }}>
            {title}
          </Heading>
          <Text color="fg.muted" mt="0.5">
            {lead}
          </Text>
        </Box>
        {children}
        <Flex justify="space-between" gap="3" pt="4" borderTopWidth="1px">
          {before ? (
            <Button type="button" variant="outline" size="sm" onClick={() => void wizard.go(before)}>
              <Icon as={ArrowLeft} /> Back
            </Button>
          ) : (
            <span />
          )}
          {action ?? (
            <Button type="submit" size="sm">
              Next <Icon as={ArrowRight} />
            </Button>
          )}
        </Flex>
      </Stack>
    </form>
  );
}
