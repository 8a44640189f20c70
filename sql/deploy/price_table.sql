-- Deploy tillgate:price_table to pg
-- requires: prices limits
-- What a segment costs before the provider has been asked: by ISO 3166 country (and XK), on the careful side, so that a budget holds too much rather
-- than too little. Where nothing is known it is dearer than any default price limit allows: no text goes there before the first synchronisation.
begin;
set local role tillgate_owner;
set local app.caller = 'operator';

insert into app.prices (country, price_micros, currency, source)
select country, price_micros, 'USD', 'builtin'
  from (values
    (20000, 'CA PR US'),
    (30000, 'AS GU VI'),
    (60000, 'AU BR CL CZ DK EE FI GB GG GI IE IM IT JE LT LV NO PL PT SE'),
    (80000, 'AD AR AT AX BE BG CH CO CY ES FO FR GL GR HK HR HU IL IS JP KR LI LU MC MT MX MY NL NZ PE RO SG SI SK SM TW VA ZA'),
    (110000, 'AL AW BA BB BM BO BS CR CW DE DO EC GT HN IN JM KY ME MK MO NI PA PY RS SV SX TH TR TT UY VG'),
    (250000, 'AE AF AG AI AM AO AQ AZ BD BF BH BI BJ BL BN BQ BT BV BW BY BZ CC CD CF CG CI CK CM CN CU CV CX DJ DM DZ EG EH ER ET FJ
      FK FM GA GD GE GF GH GM GN GP GQ GS GW GY HM HT ID IO IQ IR JO KE KG KH KI KM KN KP KW KZ LA LB LC LK LR LS LY MA MD MF
      MG MH ML MM MN MP MQ MR MS MU MV MW MZ NA NC NE NF NG NP NR NU OM PF PG PH PK PM PN PS PW QA RE RU RW SA SB SC SD SH SJ
      SL SN SO SR SS ST SY SZ TC TD TF TG TJ TK TL TM TN TO TV TZ UA UG UM UZ VC VE VN VU WF WS YE YT ZM ZW XK')
  ) as v (price_micros, countries), regexp_split_to_table(v.countries, '\s+') as country;

commit;
