/* mail_texts: one line per notice and language; tests hold that none is missing. */
#include "outbox/mail_texts.h"

/* clang-format off */
static const struct mail_text TEXTS[] = {
    {"phone_added", "en", "A phone number was added to your sign-in", "A phone number was verified for your sign-in to “{store}” on {at}. Codes can be texted to it now."},
    {"phone_added", "de", "Eine Telefonnummer wurde für Ihre Anmeldung hinzugefügt", "Für Ihre Anmeldung bei „{store}“ wurde am {at} eine Telefonnummer bestätigt. Codes können jetzt per SMS dorthin gehen."},
    {"phone_added", "fr", "Un numéro de téléphone a été ajouté à votre connexion", "Un numéro de téléphone a été confirmé pour votre connexion à « {store} » le {at}. Des codes peuvent désormais y être envoyés par SMS."},
    {"phone_added", "es", "Se ha añadido un teléfono a su acceso", "El {at} se confirmó un número de teléfono para su acceso a «{store}». Ya pueden enviarse códigos por SMS a ese número."},
    {"phone_added", "ru", "Для вашего входа добавлен номер телефона", "Для вашего входа в «{store}» {at} подтверждён номер телефона. Теперь на него можно отправлять коды по SMS."},

    {"phone_removed", "en", "A phone number was removed from your sign-in", "A phone number was removed from your sign-in to “{store}” on {at}."},
    {"phone_removed", "de", "Eine Telefonnummer wurde aus Ihrer Anmeldung entfernt", "Aus Ihrer Anmeldung bei „{store}“ wurde am {at} eine Telefonnummer entfernt."},
    {"phone_removed", "fr", "Un numéro de téléphone a été retiré de votre connexion", "Un numéro de téléphone a été retiré de votre connexion à « {store} » le {at}."},
    {"phone_removed", "es", "Se ha quitado un teléfono de su acceso", "El {at} se quitó un número de teléfono de su acceso a «{store}»."},
    {"phone_removed", "ru", "Номер телефона удалён из вашего входа", "Из вашего входа в «{store}» {at} удалён номер телефона."},

    {"authenticator_added", "en", "An authenticator app was added to your sign-in", "An authenticator app was set up for your sign-in to “{store}” on {at}."},
    {"authenticator_added", "de", "Eine Authenticator-App wurde für Ihre Anmeldung eingerichtet", "Für Ihre Anmeldung bei „{store}“ wurde am {at} eine Authenticator-App eingerichtet."},
    {"authenticator_added", "fr", "Une application d’authentification a été ajoutée à votre connexion", "Une application d’authentification a été configurée pour votre connexion à « {store} » le {at}."},
    {"authenticator_added", "es", "Se ha añadido una aplicación de autenticación a su acceso", "El {at} se configuró una aplicación de autenticación para su acceso a «{store}»."},
    {"authenticator_added", "ru", "Для вашего входа настроено приложение-аутентификатор", "Для вашего входа в «{store}» {at} настроено приложение-аутентификатор."},

    {"authenticator_removed", "en", "The authenticator app was removed from your sign-in", "The authenticator app was removed from your sign-in to “{store}” on {at}."},
    {"authenticator_removed", "de", "Die Authenticator-App wurde aus Ihrer Anmeldung entfernt", "Aus Ihrer Anmeldung bei „{store}“ wurde am {at} die Authenticator-App entfernt."},
    {"authenticator_removed", "fr", "L’application d’authentification a été retirée de votre connexion", "L’application d’authentification a été retirée de votre connexion à « {store} » le {at}."},
    {"authenticator_removed", "es", "Se ha quitado la aplicación de autenticación de su acceso", "El {at} se quitó la aplicación de autenticación de su acceso a «{store}»."},
    {"authenticator_removed", "ru", "Приложение-аутентификатор удалено из вашего входа", "Из вашего входа в «{store}» {at} удалено приложение-аутентификатор."},

    {"backup_codes_created", "en", "You have new backup codes", "New backup codes were made for your sign-in to “{store}” on {at}. Codes from before do not work any more."},
    {"backup_codes_created", "de", "Sie haben neue Ersatzcodes", "Für Ihre Anmeldung bei „{store}“ wurden am {at} neue Ersatzcodes erstellt. Frühere Codes gelten nicht mehr."},
    {"backup_codes_created", "fr", "Vous avez de nouveaux codes de secours", "De nouveaux codes de secours ont été créés pour votre connexion à « {store} » le {at}. Les codes précédents ne fonctionnent plus."},
    {"backup_codes_created", "es", "Tiene nuevos códigos de respaldo", "El {at} se crearon nuevos códigos de respaldo para su acceso a «{store}». Los anteriores ya no sirven."},
    {"backup_codes_created", "ru", "У вас новые резервные коды", "Для вашего входа в «{store}» {at} созданы новые резервные коды. Прежние коды больше не действуют."},

    {"locked", "en", "Your sign-in is locked for a while", "Too many wrong codes were entered for your sign-in to “{store}”. It is locked until {until}."},
    {"locked", "de", "Ihre Anmeldung ist vorübergehend gesperrt", "Für Ihre Anmeldung bei „{store}“ wurden zu viele falsche Codes eingegeben. Sie ist bis {until} gesperrt."},
    {"locked", "fr", "Votre connexion est bloquée pour un moment", "Trop de codes erronés ont été saisis pour votre connexion à « {store} ». Elle est bloquée jusqu’au {until}."},
    {"locked", "es", "Su acceso está bloqueado por un tiempo", "Se introdujeron demasiados códigos erróneos para su acceso a «{store}». Está bloqueado hasta el {until}."},
    {"locked", "ru", "Ваш вход временно заблокирован", "Для вашего входа в «{store}» введено слишком много неверных кодов. Он заблокирован до {until}."},

    {"locked_by_hand", "en", "Your sign-in was locked", "Your sign-in to “{store}” was locked on {at} by your store or its platform."},
    {"locked_by_hand", "de", "Ihre Anmeldung wurde gesperrt", "Ihre Anmeldung bei „{store}“ wurde am {at} von Ihrem Shop oder dessen Plattform gesperrt."},
    {"locked_by_hand", "fr", "Votre connexion a été bloquée", "Votre connexion à « {store} » a été bloquée le {at} par votre boutique ou sa plateforme."},
    {"locked_by_hand", "es", "Su acceso fue bloqueado", "Su acceso a «{store}» fue bloqueado el {at} por su tienda o su plataforma."},
    {"locked_by_hand", "ru", "Ваш вход заблокирован", "Ваш вход в «{store}» заблокирован {at} вашим магазином или его платформой."},

    {"reset", "en", "Your second step was reset", "The second step of your sign-in to “{store}” was reset on {at} by your store or its platform: all methods are removed, and you are signed out everywhere. Set up a method at your next sign-in."},
    {"reset", "de", "Ihr zweiter Schritt wurde zurückgesetzt", "Der zweite Schritt Ihrer Anmeldung bei „{store}“ wurde am {at} von Ihrem Shop oder dessen Plattform zurückgesetzt: Alle Methoden sind entfernt, und Sie sind überall abgemeldet. Richten Sie bei der nächsten Anmeldung eine Methode ein."},
    {"reset", "fr", "Votre deuxième étape a été réinitialisée", "La deuxième étape de votre connexion à « {store} » a été réinitialisée le {at} par votre boutique ou sa plateforme : toutes les méthodes sont retirées et vous êtes déconnecté partout. Configurez une méthode à la prochaine connexion."},
    {"reset", "es", "Su segundo paso fue restablecido", "El segundo paso de su acceso a «{store}» fue restablecido el {at} por su tienda o su plataforma: se quitaron todos los métodos y se cerraron todas sus sesiones. Configure un método en el próximo acceso."},
    {"reset", "ru", "Ваш второй шаг сброшен", "Второй шаг вашего входа в «{store}» сброшен {at} вашим магазином или его платформой: все способы удалены, все сеансы завершены. Настройте способ при следующем входе."},

    {"bypass", "en", "Your second step may be skipped for a while", "On {at} two people of the platform allowed you to sign in to “{store}” without a second step, for at most a day."},
    {"bypass", "de", "Ihr zweiter Schritt darf vorübergehend entfallen", "Am {at} haben zwei Personen der Plattform erlaubt, dass Sie sich bei „{store}“ ohne zweiten Schritt anmelden, höchstens einen Tag lang."},
    {"bypass", "fr", "Votre deuxième étape peut être omise pour un moment", "Le {at}, deux personnes de la plateforme vous ont permis de vous connecter à « {store} » sans deuxième étape, pour un jour au plus."},
    {"bypass", "es", "Su segundo paso puede omitirse por un tiempo", "El {at}, dos personas de la plataforma le permitieron acceder a «{store}» sin el segundo paso, durante un día como máximo."},
    {"bypass", "ru", "Ваш второй шаг можно временно пропустить", "{at} два сотрудника платформы разрешили вам входить в «{store}» без второго шага, не дольше суток."},

    {"budget_day", "en", "Text messages: part of today's money is spent", "“{store}” has spent {percent} % of today's money for text messages ({at})."},
    {"budget_day", "de", "SMS: Ein Teil des heutigen Budgets ist verbraucht", "„{store}“ hat {percent} % des heutigen Budgets für SMS verbraucht ({at})."},
    {"budget_day", "fr", "SMS : une partie du budget du jour est dépensée", "« {store} » a dépensé {percent} % du budget SMS du jour ({at})."},
    {"budget_day", "es", "SMS: se ha gastado parte del presupuesto de hoy", "«{store}» ha gastado el {percent} % del presupuesto de SMS de hoy ({at})."},
    {"budget_day", "ru", "SMS: израсходована часть сегодняшнего бюджета", "«{store}» израсходовал {percent} % сегодняшнего бюджета на SMS ({at})."},

    {"budget_month", "en", "Text messages: part of this month's money is spent", "“{store}” has spent {percent} % of this month's money for text messages ({at})."},
    {"budget_month", "de", "SMS: Ein Teil des Monatsbudgets ist verbraucht", "„{store}“ hat {percent} % des Monatsbudgets für SMS verbraucht ({at})."},
    {"budget_month", "fr", "SMS : une partie du budget du mois est dépensée", "« {store} » a dépensé {percent} % du budget SMS du mois ({at})."},
    {"budget_month", "es", "SMS: se ha gastado parte del presupuesto del mes", "«{store}» ha gastado el {percent} % del presupuesto de SMS del mes ({at})."},
    {"budget_month", "ru", "SMS: израсходована часть бюджета на месяц", "«{store}» израсходовал {percent} % бюджета на SMS за месяц ({at})."},

    {"breaker", "en", "Some text messages are paused", "Too few codes of certain text messages of “{store}” were entered lately. Such texts are paused since {at}; others go on."},
    {"breaker", "de", "Ein Teil der SMS ist angehalten", "Zuletzt wurden zu wenige Codes bestimmter SMS von „{store}“ eingegeben. Solche SMS sind seit {at} angehalten; andere gehen weiter hinaus."},
    {"breaker", "fr", "Certains SMS sont suspendus", "Trop peu de codes de certains SMS de « {store} » ont été saisis récemment. Ces SMS sont suspendus depuis le {at} ; les autres continuent."},
    {"breaker", "es", "Algunos SMS están en pausa", "Últimamente se introdujeron muy pocos códigos de ciertos SMS de «{store}». Esos SMS están en pausa desde el {at}; los demás continúan."},
    {"breaker", "ru", "Часть SMS приостановлена", "В последнее время вводится слишком мало кодов из некоторых SMS магазина «{store}». Такие SMS приостановлены с {at}; остальные отправляются."},

    {"texts_stopped", "en", "Text messages are switched off", "The platform switched text messages of “{store}” off on {at}. Authenticator apps and backup codes work."},
    {"texts_stopped", "de", "SMS sind abgeschaltet", "Die Plattform hat die SMS von „{store}“ am {at} abgeschaltet. Authenticator-Apps und Ersatzcodes funktionieren."},
    {"texts_stopped", "fr", "Les SMS sont désactivés", "La plateforme a désactivé les SMS de « {store} » le {at}. Les applications d’authentification et les codes de secours fonctionnent."},
    {"texts_stopped", "es", "Los SMS están desactivados", "La plataforma desactivó los SMS de «{store}» el {at}. Las aplicaciones de autenticación y los códigos de respaldo funcionan."},
    {"texts_stopped", "ru", "SMS отключены", "Платформа отключила SMS магазина «{store}» {at}. Приложения-аутентификаторы и резервные коды работают."},
};

/* What to do: for who the notice is about, and for owners. */
static const struct {
    const char *locale, *user, *owner, *end;
} REST[] = {
    {"en", "If this was not you, or you do not know why: open the panel from your store, look at Profile > View details ({panel}), end sessions that you do not know, and tell the owner of your store at once.",
     "What was spent, and where, is in the panel under Text messages: {panel}. Ask your platform when you need more.",
     "This message was written by a machine. Nobody reads answers to it."},
    {"de", "Wenn Sie das nicht waren oder den Grund nicht kennen: Öffnen Sie das Panel aus Ihrem Shop, sehen Sie unter Profil > Details nach ({panel}), beenden Sie unbekannte Sitzungen und sagen Sie sofort dem Inhaber Ihres Shops Bescheid.",
     "Was wofür ausgegeben wurde, steht im Panel unter Textnachrichten: {panel}. Wenden Sie sich an Ihre Plattform, wenn Sie mehr brauchen.",
     "Diese Nachricht wurde automatisch geschrieben. Antworten werden nicht gelesen."},
    {"fr", "Si ce n’était pas vous, ou si vous n’en connaissez pas la raison : ouvrez le panneau depuis votre boutique, consultez Profil > Détails ({panel}), fermez les sessions inconnues et prévenez aussitôt le propriétaire de votre boutique.",
     "Ce qui a été dépensé, et où, se trouve dans le panneau sous Messages texte : {panel}. Adressez-vous à votre plateforme s’il vous en faut plus.",
     "Ce message a été écrit automatiquement. Les réponses ne sont pas lues."},
    {"es", "Si no fue usted, o no conoce el motivo: abra el panel desde su tienda, revise Perfil > Detalles ({panel}), cierre las sesiones que no conozca y avise enseguida al propietario de su tienda.",
     "Lo gastado, y dónde, está en el panel en Mensajes de texto: {panel}. Consulte a su plataforma si necesita más.",
     "Este mensaje se escribió automáticamente. Nadie lee las respuestas."},
    {"ru", "Если это были не вы или причина вам неизвестна: откройте панель из вашего магазина, посмотрите Профиль > Подробности ({panel}), завершите незнакомые сеансы и сразу сообщите владельцу магазина.",
     "Сколько и на что израсходовано, показано в панели в разделе «Сообщения»: {panel}. Если нужно больше, обратитесь к вашей платформе.",
     "Это письмо создано автоматически. Ответы на него никто не читает."},
};
static const char *const OWNERS[] = {"budget_day", "budget_month", "breaker", "texts_stopped"};
/* clang-format on */

const struct mail_text *mail_text_find(const char *notice, const char *locale)
{
    const struct mail_text *found = NULL;
    for (size_t i = 0; i < LEN(TEXTS); i++) {
        bool wanted = strcmp(TEXTS[i].locale, locale) == 0;
        if (strcmp(TEXTS[i].notice, notice) == 0 && (wanted || !found))
            found = &TEXTS[i]; /* English comes first */
    }
    return found;
}

static size_t rest_of(const char *locale)
{
    size_t i = LEN(REST);
    while (i > 1 && strcmp(REST[i - 1].locale, locale) != 0)
        i--;
    return i - 1;
}

const char *mail_text_what_now(const char *notice, const char *locale)
{
    bool owners = false;
    for (size_t i = 0; i < LEN(OWNERS); i++)
        owners |= strcmp(OWNERS[i], notice) == 0;
    return owners ? REST[rest_of(locale)].owner : REST[rest_of(locale)].user;
}

const char *mail_text_end(const char *locale)
{
    return REST[rest_of(locale)].end;
}
