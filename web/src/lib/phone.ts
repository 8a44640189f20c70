/** Phone numbers as people write them. The library and its table weigh more than the rest of the panel, so they load with the phone page. */
import {
  AsYouType,
  getCountries,
  getCountryCallingCode,
  parsePhoneNumberFromString,
  type CountryCode,
} from 'libphonenumber-js/max';

export type Country = CountryCode;
export type Verdict = { number: string; shown: string } | { problem: 'empty' | 'short' | 'invalid' | 'refused' };

/** Numbers that cost whoever texts them, or that no text reaches. All others the server and the network decide. */
const REFUSED = ['PREMIUM_RATE', 'SHARED_COST', 'PAGER', 'UAN', 'VOICEMAIL'];

export function countries(locale: string): { code: Country; label: string }[] {
  const names = new Intl.DisplayNames(locale, { type: 'region' });
  return getCountries()
    .map((code) => ({ code, label: `${names.of(code) ?? code} +${getCountryCallingCode(code)}` }))
    .sort((a, b) => a.label.localeCompare(b.label, locale));
}

export const isCountry = (code: string): code is Country => (getCountries() as string[]).includes(code);

/** The country that a number written with + belongs to, as far as it shows yet. */
export function countryOf(typed: string, country: Country): Country {
  if (!typed.trim().startsWith('+')) return country;
  const typing = new AsYouType();
  typing.input(typed);
  return typing.getCountry() ?? country;
}

export function judge(typed: string, country: Country): Verdict {
  if (!typed.trim()) return { problem: 'empty' };
  const phone = parsePhoneNumberFromString(typed, country);
  if (!phone || !phone.isPossible()) return { problem: typed.replace(/\D/g, '').length < 6 ? 'short' : 'invalid' };
  if (!phone.isValid()) return { problem: 'invalid' };
  if (REFUSED.includes(phone.getType() ?? '')) return { problem: 'refused' };
  return { number: phone.number, shown: phone.formatInternational() };
}
