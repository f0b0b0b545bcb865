import { createContext } from 'svelte';
import type { Tablet } from '../../actions/field/tablet';

/** The tablet of this tab, for every page and part below the app. */
export const [useTablet, provideTablet] = createContext<Tablet>();
