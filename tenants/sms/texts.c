/* texts: templates, the GSM-7 alphabet, and store names made to fit. */
#include "sms/texts.h"

#include <assert.h>
#include <string.h>

#define NOT_GSM 0u

static bool fill(const char *template, const struct text_parts *parts, const char *store, char out[static TEXTS_ROOM]);
static void add(char *out, size_t *used, const char *bytes, size_t len);
static void cut_last(char *name);
static uint32_t next_character(const char **text);
static unsigned septets_of(uint32_t character);
static const char *replacement(uint32_t character);
static const char *latin(uint32_t cyrillic);

static const struct {
    const char *purpose, *locale, *template;
} TEMPLATES[] = {
    {"sign_in", "en", "{code} is your sign-in code for {store}. It ends in {minutes} min. Never share it."},
    {"phone_set_up", "en", "{code} verifies your phone for {store}. It ends in {minutes} min. Never share it."},
    {"phone_change", "en", "{code} allows a new phone number at {store}. It ends in {minutes} min. Never share it."},
    {"sign_in", "de", "{code} ist Ihr Anmeldecode für {store}. Gültig {minutes} Min. Niemals weitergeben."},
    {"phone_set_up", "de", "{code} bestätigt Ihr Telefon für {store}. Gültig {minutes} Min. Niemals weitergeben."},
    {"phone_change", "de", "{code} erlaubt eine neue Nummer bei {store}. Gültig {minutes} Min. Niemals weitergeben."},
    {"sign_in", "fr", "{code} est votre code de connexion à {store}. Valable {minutes} min. Ne partagez pas ce code."},
    {"phone_set_up", "fr",
     "{code} confirme votre téléphone pour {store}. Valable {minutes} min. Ne partagez pas ce code."},
    {"phone_change", "fr",
     "{code} autorise un nouveau numéro pour {store}. Valable {minutes} min. Ne partagez pas ce code."},
    {"sign_in", "es", "{code} es su clave de acceso a {store}. Vence en {minutes} min. No comparta esta clave."},
    {"phone_set_up", "es", "{code} confirma su teléfono en {store}. Vence en {minutes} min. No comparta esta clave."},
    {"phone_change", "es",
     "{code} autoriza un teléfono nuevo en {store}. Vence en {minutes} min. No comparta esta clave."},
    /* Russian in Latin letters: a text in Cyrillic has 70 characters, and the last line alone can take 72. */
    {"sign_in", "ru", "{code} - vash kod dlya vkhoda v {store}. Deistvuet {minutes} min. Nikomu ne soobshchaite."},
    {"phone_set_up", "ru",
     "{code} podtverzhdaet vash telefon v {store}. Deistvuet {minutes} min. Nikomu ne soobshchaite."},
    {"phone_change", "ru", "{code} razreshaet novyi nomer v {store}. Deistvuet {minutes} min. Nikomu ne soobshchaite."},
};
static const char LAST_LINE[] = "\n\n@{host} #{code}";

bool texts_compose(const struct text_parts *parts, char out[static TEXTS_ROOM])
{
    const char *template = TEMPLATES[0].template;
    for (size_t i = 0; i < LEN(TEMPLATES); i++) {
        if (strcmp(TEMPLATES[i].purpose, parts->purpose) == 0 &&
            (strcmp(TEMPLATES[i].locale, parts->locale) == 0 || strcmp(TEMPLATES[i].locale, "en") == 0))
            template = TEMPLATES[i].template; /* the wanted locale stands behind English */
    }

    /* A name that is nothing but marks leaves nothing when it is cut; the slug always keeps its first letter. */
    const char *const names[] = {parts->store, parts->slug};
    for (size_t i = 0; i < LEN(names); i++) {
        char store[TEXTS_STORE], text[TEXTS_ROOM];
        for (texts_plain(names[i], store); store[0]; cut_last(store)) {
            if (!fill(template, parts, store, text))
                continue;
            long septets = texts_septets(text);
            if (septets > 0 && septets <= TEXTS_SEGMENT) {
                assert(texts_segments(text) == TEXTS_SEGMENTS);
                memcpy(out, text, sizeof(text));
                return true;
            }
        }
    }
    return false;
}

void texts_mark(const char *host, const char *code, char out[static TEXTS_MARK])
{
    snprintf(out, TEXTS_MARK, "@%s #%s", host, code);
}

/* Puts the parts into template and last line. False when that is longer than any single segment. */
static bool fill(const char *template, const struct text_parts *parts, const char *store, char out[static TEXTS_ROOM])
{
    char minutes[24];
    snprintf(minutes, sizeof(minutes), "%ld", parts->seconds > 90 ? (parts->seconds + 30) / 60 : 1);
    const struct {
        const char *name, *value;
    } values[] = {{"{code}", parts->code}, {"{store}", store}, {"{minutes}", minutes}, {"{host}", parts->host}};

    const char *const pieces[] = {template, LAST_LINE};
    size_t used = 0;
    for (size_t piece = 0; piece < LEN(pieces); piece++) {
        for (const char *at = pieces[piece]; *at;) {
            size_t i = 0;
            while (i < LEN(values) && strncmp(at, values[i].name, strlen(values[i].name)) != 0)
                i++;
            if (i < LEN(values)) {
                add(out, &used, values[i].value, strlen(values[i].value));
                at += strlen(values[i].name);
            } else {
                add(out, &used, at++, 1);
            }
        }
    }
    out[used < TEXTS_ROOM ? used : TEXTS_ROOM - 1] = '\0';
    return used < TEXTS_ROOM;
}

/* Counts on beyond the end, so that the caller sees that it did not fit. */
static void add(char *out, size_t *used, const char *bytes, size_t len)
{
    if (*used + len < TEXTS_ROOM)
        memcpy(out + *used, bytes, len);
    *used += len;
}

/* Drops the name's last character, and what would look lost at the end then. */
static void cut_last(char *name)
{
    size_t len = strlen(name);
    do {
        len--;
        while (len > 0 && ((unsigned char)name[len] & 0xC0) == 0x80)
            len--;
    } while (len > 0 && strchr(" -&,.'", name[len - 1]));
    name[len] = '\0';
}

long texts_septets(const char *utf8)
{
    long septets = 0;
    while (*utf8) {
        unsigned n = septets_of(next_character(&utf8));
        if (n == NOT_GSM)
            return -1;
        septets += n;
    }
    return septets;
}

long texts_segments(const char *utf8)
{
    long septets = texts_septets(utf8);
    if (septets <= TEXTS_SEGMENT)
        return septets > 0 ? 1 : 0;
    long segments = 1;
    unsigned used = 0;
    while (*utf8) {
        unsigned n = septets_of(next_character(&utf8));
        if (used + n > 153) { /* 6 of 140 octets hold the header that puts the parts in order */
            segments++;
            used = 0;
        }
        used += n;
    }
    return segments;
}

void texts_plain(const char *utf8, char out[static TEXTS_STORE])
{
    size_t used = 0;
    while (*utf8) {
        const char *from = utf8;
        uint32_t character = next_character(&utf8);
        size_t len = (size_t)(utf8 - from);
        /* "acme.com" would be shown as a link, and no text of ours has one. */
        const char *plain = character == '.' && *utf8 && *utf8 != ' ' ? " " : replacement(character);
        if (plain) {
            from = plain;
            len = strlen(plain);
        } else if (septets_of(character) == NOT_GSM) {
            continue;
        }
        if (used + len >= TEXTS_STORE)
            break;
        if (used == 0 && *from == ' ')
            continue;
        memcpy(out + used, from, len);
        used += len;
    }
    while (used > 0 && out[used - 1] == ' ')
        used--;
    out[used] = '\0';
}

/* Decodes one character of well-formed UTF-8; a stray byte stands for itself as U+FFFD. */
static uint32_t next_character(const char **text)
{
    const unsigned char *at = (const unsigned char *)*text;
    unsigned more = at[0] >= 0xF0 ? 3 : at[0] >= 0xE0 ? 2 : at[0] >= 0xC0 ? 1 : 0;
    uint32_t character = more ? at[0] & (0x3Fu >> more) : at[0];
    if (at[0] >= 0x80 && at[0] < 0xC0)
        character = 0xFFFD;
    for (unsigned i = 1; i <= more; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            *text += i;
            return 0xFFFD;
        }
        character = character << 6 | (at[i] & 0x3F);
    }
    *text += more + 1;
    return character;
}

/* 1 for a character of the default alphabet, 2 for one of the extension table, NOT_GSM for others. */
static unsigned septets_of(uint32_t character)
{
    static const uint16_t beyond_ascii[] = {
        0x00A1, 0x00A3, 0x00A4, 0x00A5, 0x00A7, 0x00BF, 0x00C4, 0x00C5, 0x00C6, 0x00C7, 0x00C9, 0x00D1, 0x00D6,
        0x00D8, 0x00DC, 0x00DF, 0x00E0, 0x00E4, 0x00E5, 0x00E6, 0x00E8, 0x00E9, 0x00EC, 0x00F1, 0x00F2, 0x00F6,
        0x00F8, 0x00F9, 0x00FC, 0x0393, 0x0394, 0x0398, 0x039B, 0x039E, 0x03A0, 0x03A3, 0x03A6, 0x03A8, 0x03A9,
    };
    if (character < 0x80) {
        if (character == '\f' || (character && strchr("^{}\\[~]|", (int)character)))
            return 2;
        return character == '\n' || character == '\r' || (character >= ' ' && character != '`' && character != 0x7F)
                   ? 1
                   : NOT_GSM;
    }
    if (character == 0x20AC)
        return 2; /* the euro */
    for (size_t i = 0; i < LEN(beyond_ascii); i++) {
        if (beyond_ascii[i] == character)
            return 1;
    }
    return NOT_GSM;
}

/* What is written in a name instead of a character, or NULL: the character itself, if it is GSM-7. */
static const char *replacement(uint32_t character)
{
    /* U+00C0..U+017F without their accents, used where GSM-7 does not have the letter. */
    static const char letters[] = "AAAAAAACEEEEIIIIDNOOOOOxOUUUUYTsaaaaaaaceeeeiiiidnooooo/ouuuuyty"
                                  "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlLlLl"
                                  "NnNnNnnNnOoOoOoOoRrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";
    static const struct {
        uint32_t character;
        const char *plain;
    } others[] = {
        {'@', ""},      {'#', ""},      {'/', "-"},     {':', " "},     {'`', "'"},      {'\n', " "},    {'\r', " "},
        {'\f', " "},    {0x00A0, " "},  {0x00AB, "\""}, {0x00BB, "\""}, {0x00B4, "'"},   {0x0152, "OE"}, {0x0153, "oe"},
        {0x1E9E, "SS"}, {0x2010, "-"},  {0x2011, "-"},  {0x2013, "-"},  {0x2014, "-"},   {0x2018, "'"},  {0x2019, "'"},
        {0x201A, "'"},  {0x201C, "\""}, {0x201D, "\""}, {0x201E, "\""}, {0x2026, "..."}, {0x202F, " "},  {0x2212, "-"},
    };
    static char letter[2];
    for (size_t i = 0; i < LEN(others); i++) {
        if (others[i].character == character)
            return others[i].plain;
    }
    if (character < 0xC0 || character > 0x17F || septets_of(character) != NOT_GSM)
        return latin(character);
    letter[0] = letters[character - 0xC0];
    return letter;
}

/* A Cyrillic letter as passports spell it (ICAO 9303), or NULL: no such letter. */
static const char *latin(uint32_t cyrillic)
{
    static const char *const letters[] = {
        "A", "B", "V", "G", "D", "E",  "Zh", "Z",  "I",  "I",    "K",  "L", "M", "N", "O",  "P",
        "R", "S", "T", "U", "F", "Kh", "Ts", "Ch", "Sh", "Shch", "Ie", "Y", "",  "E", "Iu", "Ia",
        "a", "b", "v", "g", "d", "e",  "zh", "z",  "i",  "i",    "k",  "l", "m", "n", "o",  "p",
        "r", "s", "t", "u", "f", "kh", "ts", "ch", "sh", "shch", "ie", "y", "",  "e", "iu", "ia",
    };
    static const struct {
        uint32_t character;
        const char *plain;
    } others[] = {{0x0401, "E"}, {0x0451, "e"}, {0x0404, "Ye"}, {0x0454, "ie"}, {0x0406, "I"}, {0x0456, "i"},
                  {0x0407, "I"}, {0x0457, "i"}, {0x0490, "G"},  {0x0491, "g"},  {0x2116, "No"}};
    if (cyrillic >= 0x0410 && cyrillic <= 0x044F)
        return letters[cyrillic - 0x0410];
    for (size_t i = 0; i < LEN(others); i++) {
        if (others[i].character == cyrillic)
            return others[i].plain;
    }
    return NULL;
}
