// The slug with what the server says of it while one types: debounced, and asked for again when it changes. Used by `IdentityStep`.
import { Button, HStack, Input, InputGroup, Spinner, Text } from '@chakra-ui/react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { CircleCheck, CircleX } from 'lucide-react';
import type { RefObject } from 'react';
import { type UseFormReturn, useWatch } from 'react-hook-form';
import { FormField } from '../../ui/form';
import { Icon } from '../../ui/Icon';
import { availability, freeNear } from './api';
import { shapeOf } from './slug';
import { useDebounced } from './useDebounced';
import type { Values } from './values';

const PAUSE = 250;

interface Props {
  form: UseFormReturn<Values>;
  /** Whether the slug was typed, and follows the name no longer. */
  own: RefObject<boolean>;
}

export function SlugField({ form, own }: Props) {
  const client = useQueryClient();
  const slug = useWatch({ control: form.control, name: 'slug' }).trim();
  const rules = {
    required: true,
    onChange: (event: { target: { value: string } }) => {
      own.current = event.target.value !== '';
      form.clearErrors('slug');
    },
    validate: async (typed: string | boolean) => {
      const wish = String(typed).trim();
      const wrong = shapeOf(wish);
      if (wrong) return wrong;
      // Where it cannot be asked now, the server says so at the end.
      const answer = await client.fetchQuery(availability(wish)).catch(() => null);
      return answer && !answer.available ? sentenceOf(answer.detail) : true;
    },
  };
  const { required: _, ...registered } = rules;
  return (
    <FormField
      form={form}
      name="slug"
      label="Slug"
      rules={rules}
      help={<Availability slug={slug} use={(near) => take(form, own, near)} />}
    >
      <InputGroup endElement={<Mark slug={slug} />}>
        <Input
          size="sm"
          fontFamily="mono"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={80}
          {...form.register('slug', registered)}
        />
      </InputGroup>
    </FormField>
  );
}

function take(form: UseFormReturn<Values>, own: RefObject<boolean>, slug: string) {
  own.current = true;
  form.setValue('slug', slug);
  form.clearErrors('slug');
  form.setFocus('slug');
}

function sentenceOf(detail: string | null | undefined): string {
  const text = detail ?? 'this slug cannot be had';
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function useAnswer(slug: string) {
  const rested = useDebounced(slug, PAUSE);
  const asked = rested === slug && slug !== '' && shapeOf(slug) === undefined;
  const answer = useQuery({ ...availability(rested), enabled: asked });
  return {
    waits: slug !== '' && shapeOf(slug) === undefined && (!asked || answer.isFetching),
    answer,
    asked,
  };
}

function Mark({ slug }: { slug: string }) {
  const { waits, answer, asked } = useAnswer(slug);
  if (waits) return <Spinner size="xs" />;
  if (!asked || !answer.data) return null;
  return answer.data.available ? (
    <Icon as={CircleCheck} color="fg.success" />
  ) : (
    <Icon as={CircleX} color="fg.error" />
  );
}

function Availability({ slug, use }: { slug: string; use: (slug: string) => void }) {
  const client = useQueryClient();
  const { waits, answer, asked } = useAnswer(slug);
  const refused = asked && answer.data?.available === false;
  const taken = refused && answer.data?.reason === 'taken';
  const near = useQuery({ ...freeNear(slug, client), enabled: taken });
  const wrong = slug === '' ? undefined : shapeOf(slug);
  const text = () => {
    if (slug === '')
      return 'Unique; the name in hosts and commands. It follows the name until you type your own.';
    if (wrong) return wrong;
    if (waits) return `Looking whether ${slug} is free …`;
    if (answer.isError) return 'Whether it is free cannot be asked just now. The server says so at the end.';
    if (answer.data?.available) return `${slug} is free.`;
    return sentenceOf(answer.data?.detail);
  };
  return (
    <HStack as="span" gap="2" wrap="wrap" minH="6" aria-live="polite">
      <Text as="span" color={slug !== '' && (wrong || refused) ? 'fg.error' : undefined}>
        {text()}
      </Text>
      {taken && near.data && (
        <Button type="button" size="xs" variant="outline" onClick={() => near.data && use(near.data)}>
          Use {near.data}
        </Button>
      )}
    </HStack>
  );
}
