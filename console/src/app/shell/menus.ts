// The menus of the bar, loaded behind it: what opens on a click is not needed for the first screen. Used by the bar, sign-in and the public pages.
import { lazyPart } from '../../ui/lazyPart';

export const ColorModeMenu = lazyPart(() => import('./ColorModeMenu').then((module) => module.ColorModeMenu));
export const UserMenu = lazyPart(() => import('./UserMenu').then((module) => module.UserMenu));
export const PlaceSwitcher = lazyPart(() => import('./PlaceSwitcher').then((module) => module.PlaceSwitcher));
