// The menus of the bar, loaded behind it: what opens on a click is not needed for the first screen. Used by the bar, sign-in and the public pages.
import { Box } from '@chakra-ui/react';
import { lazyPart } from '../../ui/lazyPart';

const button = <Box boxSize="8" />;

export const ColorModeMenu = lazyPart(
  () => import('./ColorModeMenu').then((module) => module.ColorModeMenu),
  button,
);
export const UserMenu = lazyPart(() => import('./UserMenu').then((module) => module.UserMenu), button);
export const PlaceSwitcher = lazyPart(
  () => import('./PlaceSwitcher').then((module) => module.PlaceSwitcher),
  // Two lines and their frame.
  <Box h="3.375rem" />,
);
