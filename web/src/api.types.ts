/** The panel's part of the API, in the shape that `npm run types` generates from the OpenAPI file. */
export interface components {
  schemas: {
    Method: 'sms' | 'authenticator' | 'backup_code';
    ActiveMethod: { method: components['schemas']['Method']; hint?: string; left?: number; off: boolean };
    Phone: { id: string; state: 'unverified' | 'verified'; hint: string };
    User: { id: string; name: string; email: string | null; role: 'owner' | 'admin' | 'viewer'; locale: 'en' | 'de' };
    Challenge: {
      id: string;
      purpose: 'sign_in' | 'phone_set_up' | 'phone_change';
      to: string;
      state: 'live' | 'used' | 'expired' | 'exhausted' | 'superseded';
      delivery:
        'queued' | 'sending' | 'sent' | 'delivered' | 'undelivered' | 'failed' | 'unknown' | 'expired' | 'refused';
      reason: string | null;
      expires_at: string;
      resend_at: string;
      sends: number;
      tries_left: number;
    };
    Session: {
      state: 'set_up' | 'second_step' | 'ready';
      store: { name: string; slug: string; country: string };
      user: components['schemas']['User'];
      methods: components['schemas']['ActiveMethod'][];
      preferred_method: components['schemas']['Method'] | null;
      phone: components['schemas']['Phone'] | null;
      pending_phone: components['schemas']['Phone'] | null;
      trusted_device: boolean;
      challenge: components['schemas']['Challenge'] | null;
      locked_until: string | null;
      fresh_until: string | null;
      idle_until: string;
      expires_at: string;
      destination: string;
      return_url: string | null;
      server_time: string;
    };
    Profile: {
      user: components['schemas']['User'];
      methods: components['schemas']['ActiveMethod'][];
      preferred_method: components['schemas']['Method'] | null;
      phone: components['schemas']['Phone'] | null;
      pending_phone: components['schemas']['Phone'] | null;
      backup_codes_left: number;
      devices: number;
      sessions: number;
      fresh_until: string | null;
      server_time: string;
    };
    Device: {
      id: string;
      name: string;
      created_at: string;
      last_used_at: string | null;
      expires_at: string;
      current: boolean;
    };
    SessionItem: {
      id: string;
      state: string;
      name: string;
      address: string | null;
      created_at: string;
      seen_at: string;
      current: boolean;
    };
  };
}
interface Ok<Status extends number, Body> {
  responses: Record<Status, { content: { 'application/json': Body } }>;
}
interface Empty {
  responses: { 204: { content?: never } };
}
type Schemas = components['schemas'];
export interface operations {
  session_read: Ok<200, Schemas['Session']>;
  session_end: Empty;
  second_step_send_code: Ok<202, Schemas['Challenge']>;
  second_step_verify: Ok<200, Schemas['Session']>;
  second_step_device: Ok<200, Schemas['Session']>;
  challenge_read: Ok<200, Schemas['Challenge']>;
  profile_read: Ok<200, Schemas['Profile']>;
  profile_change: Ok<200, Schemas['Profile']>;
  phone_save: Ok<200, { phone: Schemas['Phone'] }>;
  phone_send_code: Ok<202, Schemas['Challenge']>;
  phone_verify: Ok<200, { session: Schemas['Session']; removed: boolean }>;
  phone_change_send_code: Ok<202, Schemas['Challenge']>;
  phone_change: Ok<200, { change_until: string }>;
  phone_remove: Empty;
  authenticator_start: Ok<201, { secret: string; uri: string; server_time: string; expires_at: string }>;
  authenticator_check: Ok<200, { session: Schemas['Session'] }>;
  authenticator_remove: Empty;
  backup_codes_create: Ok<201, { codes: string[] }>;
  device_list: Ok<200, { items: Schemas['Device'][]; next_cursor: string | null }>;
  device_clear: Empty;
  device_remove: Empty;
  session_list: Ok<200, { items: Schemas['SessionItem'][]; next_cursor: string | null }>;
  session_end_others: Empty;
  session_remove: Empty;
  time_read: Ok<200, { server_time: string }>;
}
