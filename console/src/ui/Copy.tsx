// Copying: a button, an id, a block of code. Used wherever a text is meant for somewhere else.
import { Box, Button, type ButtonProps, Code, Flex, HStack, Text } from '@chakra-ui/react';
import { Check, Copy as CopyGlyph } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Icon } from './Icon';
import { Tip } from './Tip';
import { failed } from './toast';

/** Copies, and says so for two seconds. */
export function useCopy(text: string): [boolean, () => void] {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () => {
    navigator.clipboard
      .writeText(text)
      .then(() => setCopied(true))
      .catch((thrown) => failed('Not copied', thrown));
  };
  return [copied, copy];
}

export function CopyButton({
  text,
  label = 'Copy',
  ...rest
}: Omit<ButtonProps, 'onClick'> & { text: string; label?: string }) {
  const [copied, copy] = useCopy(text);
  return (
    <Button size="xs" variant="outline" onClick={copy} {...rest}>
      <Icon as={copied ? Check : CopyGlyph} boxSize="3.5" />
      <span aria-live="polite">{copied ? 'Copied' : label}</span>
    </Button>
  );
}

/** An id to copy whole, shown short where it is long. */
export function CopyId({ id, label = 'id', short = false }: { id: string; label?: string; short?: boolean }) {
  const [copied, copy] = useCopy(id);
  const shown = short && id.length > 16 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id;
  return (
    <Tip text={copied ? 'Copied' : `Copy ${label}`}>
      <Button
        variant="plain"
        size="xs"
        px="1"
        mx="-1"
        h="6"
        fontFamily="mono"
        fontWeight="normal"
        color="fg.muted"
        // Shorter beside other words, rather than wider than a phone.
        minW="0"
        maxW="100%"
        flexShrink="1"
        aria-label={copied ? `Copied ${label}` : `Copy ${label} ${id}`}
        onClick={copy}
      >
        <Text as="span" truncate>
          {shown}
        </Text>
        <Icon as={copied ? Check : CopyGlyph} boxSize="3" />
      </Button>
    </Tip>
  );
}

/** Commands and bodies, with a button to copy them. */
export function CodeBlock({ code, label, lang }: { code: string; label: string; lang?: string }) {
  return (
    <Box borderWidth="1px" rounded="md" overflow="hidden" bg="bg.subtle">
      <Flex align="center" justify="space-between" ps="3" pe="1" py="1" borderBottomWidth="1px">
        <HStack gap="2">
          <Text textStyle="xs" color="fg.muted">
            {label}
          </Text>
        </HStack>
        <CopyButton text={code} variant="ghost" />
      </Flex>
      <Box
        as="pre"
        p="3"
        overflow="auto"
        maxH="80"
        textStyle="xs"
        fontFamily="mono"
        tabIndex={0}
        role="region"
        aria-label={label}
      >
        <Code bg="transparent" p="0" size="xs" whiteSpace="pre" data-lang={lang}>
          {code}
        </Code>
      </Box>
    </Box>
  );
}
