/* texts: one segment, always; and the same count as Twilio's own calculator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <unistd.h>

#include "tenants/locales.h"
#include "tenants/sms/texts.c"

#define ORACLE "node tests/unit/oracle/segments.mjs"
#define HOST "acme-toys.panel.localhost"

static const char *const PURPOSES[] = {"sign_in", "phone_set_up", "phone_change"};
static const char *const STORES[] = {
    "Acme Toys",
    "Blumen & Bären GmbH",
    "Ł",
    "Étoile «Noire» – l’été",
    "北京玩具店",
    "Магазин",
    "🧸🧸🧸",
    "x",
    "Toys^Toys{}[]~|\\€",
    "a very long name of a store that goes on and on, and on, and still it has not ended, really!",
    "ŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁŁ",
    "acme.com @evil.example #123456",
    "€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€",
    "ǅ Ω Φ Γ Δ ß ç Ç ñ",
    "a\xCC\x81 decomposed",
};

static void texts_say_what_they_must(void **state)
{
    char text[TEXTS_ROOM];
    (void)state;
    assert_true(
        texts_compose(&(struct text_parts){"sign_in", "en", "012345", "Acme Toys", "acme-toys", HOST, 299}, text));
    assert_string_equal(text, "012345 is your sign-in code for Acme Toys. It ends in 5 min. Never share it.\n\n@" HOST
                              " #012345");
    assert_true(texts_compose(
        &(struct text_parts){"phone_set_up", "de", "012345", "Blumen & Bären", "blumen", HOST, 149}, text));
    assert_string_equal(text,
                        "012345 bestätigt Ihr Telefon für Blumen & Bären. Gültig 2 Min. Niemals weitergeben.\n\n@" HOST
                        " #012345");
    assert_true(texts_compose(&(struct text_parts){"phone_change", "xx", "012345", "Acme", "acme", HOST, 12}, text));
    assert_string_equal(text, "012345 allows a new phone number at Acme. It ends in 1 min. Never share it.\n\n@" HOST
                              " #012345");
}

static void every_language_has_words_of_its_own_for_every_purpose(void **state)
{
    static const char *const rows[][3] = {
        {"fr", "sign_in", "012345 est votre code de connexion à Acme. Valable 5 min. Ne partagez pas ce code."},
        {"fr", "phone_set_up", "012345 confirme votre téléphone pour Acme. Valable 5 min. Ne partagez pas ce code."},
        {"fr", "phone_change", "012345 autorise un nouveau numéro pour Acme. Valable 5 min. Ne partagez pas ce code."},
        {"es", "sign_in", "012345 es su clave de acceso a Acme. Vence en 5 min. No comparta esta clave."},
        {"es", "phone_set_up", "012345 confirma su teléfono en Acme. Vence en 5 min. No comparta esta clave."},
        {"es", "phone_change", "012345 autoriza un teléfono nuevo en Acme. Vence en 5 min. No comparta esta clave."},
        {"ru", "sign_in", "012345 - vash kod dlya vkhoda v Acme. Deistvuet 5 min. Nikomu ne soobshchaite."},
        {"ru", "phone_set_up", "012345 podtverzhdaet vash telefon v Acme. Deistvuet 5 min. Nikomu ne soobshchaite."},
        {"ru", "phone_change", "012345 razreshaet novyi nomer v Acme. Deistvuet 5 min. Nikomu ne soobshchaite."},
    };
    (void)state;
    for (size_t i = 0; i < LEN(rows); i++) {
        char text[TEXTS_ROOM], words[TEXTS_ROOM];
        assert_true(
            texts_compose(&(struct text_parts){rows[i][1], rows[i][0], "012345", "Acme", "acme", HOST, 300}, text));
        snprintf(words, sizeof(words), "%s\n\n@" HOST " #012345", rows[i][2]);
        assert_string_equal(text, words);
    }
    for (size_t l = 1; LOCALES[l]; l++) {
        for (size_t p = 0; p < LEN(PURPOSES); p++) {
            char text[TEXTS_ROOM], english[TEXTS_ROOM];
            assert_true(texts_compose(
                &(struct text_parts){PURPOSES[p], LOCALES[l], "012345", "Acme", "acme", HOST, 300}, text));
            assert_true(
                texts_compose(&(struct text_parts){PURPOSES[p], "en", "012345", "Acme", "acme", HOST, 300}, english));
            assert_string_not_equal(text, english);
        }
    }
}

static void a_name_that_gsm_7_lacks_is_replaced(void **state)
{
    static const char *const rows[][2] = {
        {"Étoile «Noire» – l’été", "Étoile \"Noire\" - l'été"},
        {"Łódź Šperky İstanbul", "Lodz Sperky Istanbul"},
        {"acme.com", "acme com"},
        {"St. Paul", "St. Paul"},
        {"A.B.", "A B."},
        {"https://evil.example/x", "https --evil example-x"},
        {"@evil #123456", "evil 123456"},
        {"北京", ""},
        {"  A 🧸 B  ", "A  B"},
        {"œuvre Œ ẞ", "oeuvre OE SS"},
        {"ç", "c"},
        {"Магазин «Ёлка» № 5", "Magazin \"Elka\" No 5"},
        {"Щука & Объезд, Юрьев", "Shchuka & Obieezd, Iurev"},
        {"Київ", "Kiiv"},
        {"ЯЯЯ яяя ЁЁ", "IaIaIa iaiaia EE"},
        {"\xFF\xFE", ""},
        {"a\xC3", "a"},
        {"€^", "€^"},
    };
    (void)state;
    for (size_t i = 0; i < LEN(rows); i++) {
        char plain[TEXTS_STORE];
        texts_plain(rows[i][0], plain);
        assert_string_equal(plain, rows[i][1]);
    }
}

static void a_name_of_nothing_becomes_the_slug(void **state)
{
    char text[TEXTS_ROOM];
    (void)state;
    assert_true(texts_compose(&(struct text_parts){"sign_in", "en", "012345", "北京", "bei-jing", HOST, 300}, text));
    assert_non_null(strstr(text, "code for bei-jing."));
}

static void a_name_of_dashes_becomes_the_slug(void **state)
{
    char text[TEXTS_ROOM];
    (void)state;
    assert_true(texts_compose(&(struct text_parts){"sign_in", "de", "012345",
                                                   "//////////////////////////////////////////////////////////////",
                                                   "dashes", HOST, 300},
                              text));
    assert_non_null(strstr(text, "dashes"));
}

static void every_text_is_one_segment_and_ends_bound_to_its_origin(void **state)
{
    static const char *const hosts[] = {"a.b", HOST, "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm.panel.tillgate.example"};
    (void)state;
    for (size_t p = 0; p < LEN(PURPOSES); p++) {
        for (size_t l = 0; LOCALES[l]; l++) {
            for (size_t s = 0; s < LEN(STORES); s++) {
                for (size_t h = 0; h < LEN(hosts); h++) {
                    char text[TEXTS_ROOM], mark[TEXTS_MARK];
                    assert_true(texts_compose(
                        &(struct text_parts){PURPOSES[p], LOCALES[l], "012345", STORES[s], "slug", hosts[h], 600},
                        text));
                    assert_int_equal(texts_segments(text), 1);
                    texts_mark(hosts[h], "012345", mark);
                    assert_string_equal(strrchr(text, '\n') + 1, mark);
                    assert_ptr_equal(strchr(text, '@'), strrchr(text, '@'));
                }
            }
        }
    }
}

static void a_host_without_end_is_refused(void **state)
{
    char host[141], text[TEXTS_ROOM] = "untouched";
    (void)state;
    memset(host, 'h', sizeof(host) - 1);
    host[sizeof(host) - 1] = '\0';
    assert_false(texts_compose(&(struct text_parts){"sign_in", "en", "012345", "Acme", "acme", host, 300}, text));
    assert_string_equal(text, "untouched");
}

/* ---- against Twilio's calculator ---- */

static uint32_t seed = 7;
static uint32_t draw(uint32_t bound)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % bound;
}

/* A text of the alphabets that the tables are about, and of what is just beside them. */
static void draw_text(char out[static 2048])
{
    static const char *const letters[] = {"a", "Z", "0", " ", "@", "$", "\n", "é", "Ä", "ß", "Δ", "Ω", "€", "^",
                                          "{", "}", "[", "]", "~", "|", "\\", "£", "¥", "_", "à", "ñ", "§", "¿"};
    static const char *const odd[] = {"`", "ç", "á", "ă", "–", "’", "世", "Ф", "\t"};
    size_t used = 0, len = draw(500);
    bool plain = draw(4) != 0;
    for (size_t i = 0; i < len; i++) {
        const char *letter = !plain && draw(60) == 0 ? odd[draw(LEN(odd))] : letters[draw(LEN(letters))];
        used += (size_t)snprintf(out + used, 2048 - used, "%s", letter);
    }
    out[used] = '\0';
}

static void twilios_calculator_agrees(void **state)
{
    enum { TEXTS = 4000 };
    static char texts[TEXTS][2048];
    char path[] = "/tmp/texts.XXXXXX", command[128], line[64], encoding[16];
    FILE *asked = fdopen(mkstemp(path), "w"), *oracle;
    size_t agreed = 0, gsm = 0;
    long segments, characters;
    (void)state;
    for (size_t i = 0; i < TEXTS; i++) {
        if (i < LEN(STORES) * LEN(PURPOSES))
            assert_true(texts_compose(
                &(struct text_parts){PURPOSES[i % 3], LOCALES[i % 5], "012345", STORES[i / 3], "slug", HOST, 300},
                texts[i]));
        else
            draw_text(texts[i]);
        json_t *text = json_string(texts[i]);
        char *dumped = json_dumps(text, JSON_ENCODE_ANY);
        fprintf(asked, "%s\n", dumped);
        free(dumped);
        json_decref(text);
    }
    fclose(asked);
    snprintf(command, sizeof(command), "%s <%s", ORACLE, path);
    oracle = popen(command, "r");
    for (size_t i = 0; i < TEXTS && fgets(line, sizeof(line), oracle); i++) {
        assert_int_equal(sscanf(line, "%15s %ld %ld", encoding, &segments, &characters), 3);
        bool theirs = strcmp(encoding, "GSM-7") == 0;
        long septets = texts_septets(texts[i]);
        bool same =
            theirs ? septets == characters && texts_segments(texts[i]) == (characters ? segments : 0) : septets == -1;
        gsm += theirs;
        agreed += same;
        if (!same)
            print_message("ours %ld/%ld, theirs %s", septets, texts_segments(texts[i]), line);
    }
    assert_int_equal(pclose(oracle), 0);
    unlink(path);
    print_message("texts: %zu of %d as Twilio's calculator, %zu of them GSM-7\n", agreed, TEXTS, gsm);
    assert_int_equal(agreed, TEXTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_say_what_they_must),
        cmocka_unit_test(every_language_has_words_of_its_own_for_every_purpose),
        cmocka_unit_test(a_name_that_gsm_7_lacks_is_replaced),
        cmocka_unit_test(a_name_of_nothing_becomes_the_slug),
        cmocka_unit_test(a_name_of_dashes_becomes_the_slug),
        cmocka_unit_test(every_text_is_one_segment_and_ends_bound_to_its_origin),
        cmocka_unit_test(a_host_without_end_is_refused),
        cmocka_unit_test(twilios_calculator_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
