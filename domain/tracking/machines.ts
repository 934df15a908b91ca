/** A program that fetches the links and images of a mail by itself. */
interface Machine {
  /** One stable word, stored in the event. */
  readonly rule: string;
  readonly pattern: RegExp;
  /** Set if the user agent may belong to a person in the other case. */
  readonly only?: 'opened' | 'clicked';
}

interface Machines {
  /** Raised with every change; stored events keep the verdict of their version. */
  readonly version: string;
  readonly agents: readonly Machine[];
}

/** Privacy proxies of mailbox providers and scanners of security gateways, by their user agents. */
export const MACHINES: Machines = {
  version: '2026-11-25',
  agents: [
    // Mail Privacy Protection fetches all images soon after arrival, with this user agent alone.
    { rule: 'apple_privacy', pattern: /^Mozilla\/5\.0$/ },
    { rule: 'gmail_proxy', pattern: /GoogleImageProxy/i },
    { rule: 'yahoo_proxy', pattern: /YahooMailProxy|YahooCacheSystem/i },
    { rule: 'other_proxy', pattern: /DuckDuckGo-Email|ProtonMail|FastmailImageProxy|SeznamEmailProxy/i },
    { rule: 'scanner', pattern: /Barracuda|Mimecast|Proofpoint|SafeLinks|FortiMail|Sophos|TrendMicro|Cloudmark/i },
    { rule: 'scanner', pattern: /BingPreview|SkypeUriPreview|Slackbot|WhatsApp\/|TelegramBot|facebookexternalhit/i },
    { rule: 'program', pattern: /^(?:curl|Wget|python-|Go-http-client|Java\/|okhttp|node-fetch|axios|undici|libwww)/i },
    { rule: 'program', pattern: /HeadlessChrome|PhantomJS|Puppeteer|Playwright/i },
  ],
};
