import type { Config } from '../config.js';

/** Values by the name of their variable, as text without secrets. */
export type SharedSettings = Readonly<Record<string, string>>;

const NOT_SET = 'not set';

/** The settings that must be the same in every process of an installation. */
export function sharedSettings(config: Config): SharedSettings {
  return {
    PUBLIC_URL: config.publicUrl,
    MAIL_FROM: config.mailFrom,
    REQUIRE_VERIFIED_DOMAINS: config.requireVerifiedDomains ? 'on' : 'off',
    SPF_INCLUDE: config.spfInclude ?? NOT_SET,
    BOUNCE_DOMAIN: config.bounceDomain ?? NOT_SET,
    ALLOWED_PRIVATE_HOSTS: config.allowedPrivateHosts.toSorted().join(', ') || NOT_SET,
    OPENAI_API_KEY: config.openaiApiKey === undefined ? NOT_SET : 'set',
  };
}

export interface SettingDifference {
  readonly variable: string;
  readonly here: string;
  readonly there: string;
}

/** The variables that both know and that have different values: releases may know different variables. */
export function settingDifferences(here: SharedSettings, there: SharedSettings): readonly SettingDifference[] {
  return Object.entries(here).flatMap(([variable, value]) => {
    const other = there[variable];
    return other === undefined || other === value ? [] : [{ variable, here: value, there: other }];
  });
}
