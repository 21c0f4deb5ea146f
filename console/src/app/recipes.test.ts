// Every component of Chakra that our code draws has its look in `baseTheme.ts`.
import { describe, expect, it } from 'vitest';
import { baseConfig } from './baseTheme';

const sources = import.meta.glob('../**/*.tsx', { query: '?raw', import: 'default', eager: true });

/** Parts of Chakra that have no recipe of their own. */
const PLAIN = new Set(
  `Box Flex HStack VStack Stack Grid GridItem SimpleGrid Text Span Portal Toaster ChakraProvider VisuallyHidden SkipNavContent
   Center Wrap WrapItem Show For ClientOnly Icon InputGroup Presence ButtonGroup FocusTrap Bleed Spacer Image AspectRatio
   Group LocaleProvider Em Strong Theme Circle Square Float EnvironmentProvider AbsoluteCenter Format FormatNumber`.split(
    /\s+/,
  ),
);
/** Components whose recipe is called otherwise. */
const OTHER: Record<string, string> = {
  IconButton: 'button',
  CloseButton: 'button',
  SkipNavLink: 'skipNavLink',
  SkeletonText: 'skeleton',
  SkeletonCircle: 'skeleton',
  NativeSelect: 'nativeSelect',
  LinkBox: 'link',
  LinkOverlay: 'link',
};

function drawn(source: string): string[] {
  const list = /import \{([^}]+)\} from '@chakra-ui\/react'/.exec(source)?.[1] ?? '';
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => /^[A-Z]/.test(name) && !name.endsWith('Props'))
    .map((name) => name.split(' as ')[0] ?? name);
}

describe('looks of components', () => {
  const known = new Set([
    ...Object.keys(baseConfig.theme?.recipes ?? {}),
    ...Object.keys(baseConfig.theme?.slotRecipes ?? {}),
  ]);
  const all = [...new Set(Object.values(sources).flatMap((source) => drawn(source as string)))];

  it('finds components at all', () => expect(all).toContain('Button'));

  it.each(all.filter((name) => !PLAIN.has(name)))('%s has one', (name) => {
    expect(known).toContain(OTHER[name] ?? name.charAt(0).toLowerCase() + name.slice(1));
  });
});
