// Twilio's error codes that the sandbox can answer with, and where each one strikes.
//
// Magic numbers: a text to a number that ends in the five digits of a code meets that error; +1 201 552 1614 is a landline
// (21614), +49 151 23430007 is filtered by the carrier (30007). Any country, as long as the number is a valid one.
//
// refused: the POST itself is answered with `status` and the code; nothing was accepted.
// course:  the POST is accepted and the message ends as `ends`, with the code in the callback and the resource.

export const CODES = {
  14107: { refused: 429, message: 'SMS send rate limit exceeded' },
  20003: { refused: 401, message: 'Authenticate' },
  20404: { refused: 404, message: 'The requested resource was not found' },
  20429: { refused: 429, message: 'Too Many Requests' },
  20500: { refused: 500, message: 'An internal server error has occurred' },
  20503: { refused: 503, message: 'Service unavailable' },
  21211: { refused: 400, message: "Invalid 'To' Phone Number" },
  21217: { refused: 400, message: 'Phone number does not appear to be valid' },
  21408: { refused: 400, message: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number" },
  21606: { refused: 400, message: "The 'From' phone number provided is not a valid message-capable Twilio phone number" },
  21608: { refused: 400, message: 'The number is unverified. Trial accounts cannot send messages to unverified numbers' },
  21610: { refused: 400, message: 'Attempt to send to unsubscribed recipient' },
  21611: { refused: 429, message: "This 'From' number has exceeded the maximum number of queued messages" },
  21612: { refused: 400, message: "Message cannot be sent with the current combination of 'To' and 'From' parameters" },
  21614: { refused: 400, message: "'To' number is not a valid mobile number" },
  30001: { course: 'failed', message: 'Queue overflow' },
  30002: { course: 'failed', message: 'Account suspended' },
  30003: { course: 'undelivered', message: 'Unreachable destination handset' },
  30004: { course: 'undelivered', message: 'Message blocked' },
  30005: { course: 'undelivered', message: 'Unknown destination handset' },
  30006: { course: 'undelivered', message: 'Landline or unreachable carrier' },
  30007: { course: 'undelivered', message: 'Message filtered' },
  30008: { course: 'undelivered', message: 'Unknown error' },
  30010: { course: 'failed', message: 'Message price exceeds max price' },
  30032: { course: 'undelivered', message: 'Toll-free number has not been verified' },
  30034: { course: 'undelivered', message: 'US A2P 10DLC - message from an unregistered number' },
  30036: { course: 'failed', message: 'Validity period expired' },
  30450: { course: 'undelivered', message: 'Message delivery blocked (SMS pumping protection)' },
  60200: { refused: 400, message: 'Invalid parameter' },
  60203: { refused: 429, message: 'Max send attempts reached' },
  60212: { refused: 429, message: 'Too many concurrent requests for phone number' },
  60410: { refused: 400, message: 'Verification delivery attempt blocked' },
  60605: { refused: 400, message: 'Verification delivery attempt blocked for the destination country' },
}

/** The code that the number itself asks for, or null. */
export function magicCode(to) {
  const code = Number(to.slice(-5))
  return code in CODES ? code : null
}

export function errorBody(code, status, message = CODES[code]?.message ?? 'Error') {
  return { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status }
}
