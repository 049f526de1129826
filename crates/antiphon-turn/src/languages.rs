//! What listeners say to be understood as listening, and what they say to be let in, by language.
//!
//! Plain lists, commas between phrases, in the spelling speech to text gives them; case, accents'
//! encoding, apostrophes and drawn-out letters do not matter. Hums ("mm-hmm", "uh-huh") are
//! recognised by their shape and stand in no list. It deliberately knows no policy.

use std::sync::LazyLock;

use crate::words::PhraseList;

/// The phrases of one language.
pub(crate) struct Phrases {
    tag: &'static str,
    /// Signs of listening rather than of a wish to speak.
    pub(crate) backchannels: PhraseList,
    /// Signs that the agent is to be silent now.
    pub(crate) stops: PhraseList,
    /// What speech to text writes for sounds without words.
    pub(crate) artefacts: PhraseList,
    /// Words after which something has to come.
    pub(crate) open: PhraseList,
    /// The digits in words.
    pub(crate) digits: PhraseList,
}

/// The phrases of `tag` (BCP 47, `de-AT` counts as `de`), or of all languages if it is not known;
/// and those understood everywhere.
pub(crate) fn of(tag: Option<&str>) -> impl Iterator<Item = &'static Phrases> {
    static PHRASES: LazyLock<Vec<Phrases>> =
        LazyLock::new(|| LANGUAGES.iter().map(Language::phrases).collect());
    let primary = tag.map(|tag| tag.split(['-', '_']).next().unwrap_or(tag));
    PHRASES.iter().filter(move |phrases| {
        let wanted = primary.is_none_or(|tag| tag.eq_ignore_ascii_case(phrases.tag));
        wanted || phrases.tag == EVERYWHERE
    })
}

struct Language {
    /// BCP 47 primary subtag.
    tag: &'static str,
    backchannels: &'static str,
    stops: &'static str,
}

impl Language {
    fn phrases(&self) -> Phrases {
        let cut = |list: &'static str| PhraseList::new(list.split(','));
        let of = |table: &'static [(&str, &str)]| {
            let lists = table.iter().filter(|(tag, _)| *tag == self.tag);
            PhraseList::new(lists.flat_map(|(_, list)| list.split(',')))
        };
        Phrases {
            tag: self.tag,
            backchannels: cut(self.backchannels),
            stops: cut(self.stops),
            artefacts: of(&ARTEFACTS),
            open: of(&OPEN),
            digits: of(&DIGITS),
        }
    }
}

/// What speech to text writes for a cough, a chord, a breath: words that begin many sentences, and
/// what stood below the videos it learned from. Only languages of which this was seen.
const ARTEFACTS: [(&str, &str); 1] = [(
    "en",
    "you, the, a, and, but, so, it, i, thanks for watching, thank you for watching, \
        thank you so much for watching, please subscribe",
)];

/// Words that leave a sentence open: articles, possessives, conjunctions, prepositions that need
/// their noun, and sounds of thinking. None that can well end a sentence in a language listed here.
const OPEN: [(&str, &str); 4] = [
    (
        "en",
        "a, an, the, my, your, our, their, every, and, or, but, because, if, whether, than, of, \
            for, to, with, from, at, which, whose, um, uh, er",
    ),
    (
        "de",
        "der, das, ein, eine, einen, einem, einer, mein, meine, meinen, unser, unsere, und, oder, \
            aber, weil, dass, ob, für, von, zum, zur, äh, ähm",
    ),
    (
        "fr",
        "le, la, les, un, une, des, du, de, mon, mes, notre, et, ou, mais, pour, avec, dans, que, \
            euh",
    ),
    ("es", "el, los, las, una, de, del, mi, nuestro, y, o, pero, porque, para, en, que, eh"),
];

/// As numbers are given on the phone.
const DIGITS: [(&str, &str); 4] = [
    ("en", "zero, oh, one, two, three, four, five, six, seven, eight, nine, double"),
    ("de", "null, eins, zwo, zwei, drei, vier, fünf, sechs, sieben, acht, neun"),
    ("fr", "zéro, un, deux, trois, quatre, cinq, six, sept, huit, neuf"),
    ("es", "cero, uno, dos, tres, cuatro, cinco, seis, siete, ocho, nueve"),
];

/// BCP 47 for "no one language".
const EVERYWHERE: &str = "mul";

static LANGUAGES: [Language; 17] = [
    Language {
        tag: EVERYWHERE,
        backchannels: "ok, okay, aha, ah, oh, eh, ha, haha, wow, oho",
        stops: "stop",
    },
    Language {
        tag: "en",
        backchannels: "yeah, yep, yup, ya, yes, right, sure, of course, I see, I know, \
            I understand, understood, got it, gotcha, go on, go ahead, carry on, keep going, \
            please continue, makes sense, that makes sense, fair enough, sounds good, alright, \
            all right, true, that's true, that's right, exactly, indeed, absolutely, definitely, \
            totally, for sure, cool, nice, great, good, perfect, interesting, really, no way, \
            no problem, ooh, huh",
        stops: "no, wait, hold on, hang on, one moment, one second, just a second, just a moment, \
            be quiet, quiet, shut up, enough, that's enough, excuse me, cancel, never mind",
    },
    Language {
        tag: "de",
        backchannels: "ja, jaja, jep, jo, genau, ganz genau, stimmt, das stimmt, richtig, klar, \
            alles klar, na klar, schon klar, gut, sehr gut, ach so, achso, ach ja, ach, ach was, \
            soso, verstehe, ich verstehe, verstanden, natürlich, sicher, freilich, eben, super, \
            toll, echt, ich weiß, interessant, weiter, mach weiter, okay gut, äh, ähm",
        stops: "stopp, halt, warte, warten Sie, moment, einen moment, moment mal, sekunde, nein, \
            nee, aufhören, hör auf, hören Sie auf, ruhe, sei still, falsch, entschuldigung",
    },
    Language {
        tag: "fr",
        backchannels: "oui, ouais, ouaip, d'accord, je vois, je comprends, je sais, bien sûr, \
            exactement, c'est ça, c'est vrai, voilà, tout à fait, très bien, bien, bon, ah bon, \
            super, parfait, entendu, compris, vraiment, hein, ça marche, continuez, allez-y, \
            vas-y, euh",
        stops: "arrête, arrêtez, attends, attendez, non, une seconde, un instant, un moment, \
            une minute, pardon, excusez-moi, taisez-vous, tais-toi, ça suffit",
    },
    Language {
        tag: "es",
        backchannels: "sí, si, claro, claro que sí, vale, de acuerdo, bien, muy bien, está bien, \
            exacto, exactamente, correcto, por supuesto, entiendo, entendido, ya, ya veo, ajá, \
            perfecto, cierto, es verdad, verdad, lo sé, bueno, genial, sigue, siga, continúe, \
            adelante",
        stops: "para, pare, alto, espera, espere, un momento, un segundo, no, basta, detente, \
            deténgase, cállate, perdón, disculpa, disculpe",
    },
    Language {
        tag: "it",
        backchannels: "sì, si, già, certo, certamente, va bene, d'accordo, esatto, giusto, \
            capito, ho capito, capisco, vedo, bene, molto bene, perfetto, naturalmente, \
            ovviamente, è vero, vero, lo so, vabbè, sicuro, continua, continui, vada avanti",
        stops: "ferma, fermati, si fermi, aspetta, aspetti, un attimo, un momento, un secondo, \
            no, basta, scusa, scusi, zitto",
    },
    Language {
        tag: "pt",
        backchannels: "sim, claro, certo, tá, tá bom, tá bem, está bem, está bom, pois, pois é, \
            exato, exatamente, isso, isso mesmo, entendi, entendo, compreendo, percebo, \
            estou a ver, com certeza, é verdade, verdade, beleza, perfeito, bem, bom, muito bem, \
            legal, aham, eu sei, ótimo, de acordo, é, continue, pode continuar",
        stops: "para, pare, espera, espere, um momento, um segundo, um minuto, não, nao, chega, \
            alto, calma, desculpa, desculpe, peraí",
    },
    Language {
        tag: "nl",
        backchannels: "ja, jaja, jep, ja hoor, oké, oke, precies, klopt, dat klopt, juist, \
            inderdaad, natuurlijk, tuurlijk, zeker, duidelijk, snap ik, ik snap het, \
            ik begrijp het, begrepen, goed, heel goed, prima, is goed, o ja, leuk, mooi, echt, \
            ik weet het, ga door, ga verder",
        stops: "wacht, wacht even, nee, een moment, momentje, een ogenblik, ho, halt, genoeg, \
            sorry, pardon, hou op, houd op, stil",
    },
    Language {
        tag: "pl",
        backchannels: "tak, no, no tak, no jasne, jasne, dobrze, dobra, okej, rozumiem, właśnie, \
            dokładnie, oczywiście, pewnie, racja, zgadza się, super, świetnie, fajnie, wiem, \
            prawda, naprawdę, w porządku, mów dalej, proszę dalej",
        stops: "stój, czekaj, poczekaj, proszę czekać, proszę poczekać, chwila, chwileczkę, \
            moment, nie, przestań, dość, zaraz, cicho, przepraszam",
    },
    Language {
        tag: "sv",
        backchannels: "ja, jaja, jo, japp, okej, precis, just det, just precis, visst, absolut, \
            jag förstår, jag fattar, jaha, jaså, bra, vad bra, såklart, självklart, exakt, klart, \
            det stämmer, stämmer, fortsätt",
        stops: "stopp, stanna, vänta, vänta lite, nej, ett ögonblick, sluta, tyst, ursäkta",
    },
    Language {
        tag: "tr",
        backchannels: "evet, tamam, tabii, tabii ki, tabi, peki, anladım, anlıyorum, doğru, öyle, \
            öyle mi, aynen, kesinlikle, elbette, güzel, harika, olur, hı, hı hı, haklısın, \
            biliyorum, devam et, devam edin",
        stops: "dur, durun, bekle, bekleyin, bir dakika, bi dakika, bir saniye, hayır, yeter, \
            sus, yanlış, pardon",
    },
    Language {
        tag: "ru",
        backchannels: "да, ага, угу, так, хорошо, ладно, понятно, понял, поняла, понимаю, \
            я понимаю, ясно, конечно, точно, верно, правильно, именно, вот как, ого, окей, ок, \
            правда, я знаю, здорово, отлично, ну, гм, продолжайте",
        stops: "стоп, стой, стойте, подожди, подождите, погоди, погодите, нет, минуту, минутку, \
            секунду, секундочку, хватит, замолчи, перестаньте, извините",
    },
    Language {
        tag: "ar",
        backchannels: "نعم, أيوه, ايوه, آه, اه, طيب, تمام, صح, صحيح, أكيد, اكيد, طبعا, طبعاً, حسنا, \
            حسناً, فهمت, مفهوم, ماشي, بالضبط, جميل, ممتاز, أوكي, اوكي, كمل, تفضل",
        stops: "توقف, توقفي, قف, انتظر, انتظري, استنى, لحظة, دقيقة, لا, كفى, خلاص, اسكت",
    },
    Language {
        tag: "hi",
        backchannels: "हाँ, हां, जी, जी हाँ, जी हां, हाँ जी, हां जी, अच्छा, ठीक, ठीक है, सही, सही है, \
            सही बात है, बिल्कुल, हम्म, हूँ, ओके, ओह, समझ गया, समझ गई, ज़रूर, सच में, वाह, बढ़िया, \
            बोलिए, आगे बोलिए",
        stops: "रुको, रुकिए, रुकिये, ठहरो, ठहरिए, नहीं, एक मिनट, एक सेकंड, बस, चुप, सुनो, सुनिए, \
            स्टॉप",
    },
    Language {
        tag: "ko",
        backchannels: "네, 네네, 예, 응, 어, 음, 으음, 흠, 아, 오, 아하, 그래, 그래요, 그렇죠, 그렇지, \
            그렇구나, 그렇군요, 맞아, 맞아요, 맞습니다, 알겠어요, 알겠습니다, 알았어, 알았어요, 좋아, \
            좋아요, 오케이, 그럼요, 물론, 물론이죠, 당연하죠, 정말, 정말요, 진짜, 진짜요, 계속하세요",
        stops: "잠깐, 잠깐만, 잠깐만요, 잠시만, 잠시만요, 그만, 그만해, 그만하세요, 멈춰, 스톱, 아니, \
            아니요, 아뇨, 기다려, 기다려요, 기다려 주세요, 됐어요",
    },
    Language {
        tag: "ja",
        backchannels: "はい, うん, ええ, そう, そうです, そうですね, そうですか, そうか, そっか, なるほど, \
            なるほどね, へえ, へー, ほう, はあ, ああ, おお, ふーん, うーん, ん, まあ, ね, ですね, \
            ですよね, 了解, 了解です, わかりました, 分かりました, わかった, 分かった, たしかに, 確かに, \
            もちろん, いいですね, すごい, 本当, 本当に, 本当ですか, ほんと, オーケー, どうぞ, 続けて, \
            続けてください",
        stops: "待って, ちょっと待って, 待ってください, ちょっと待ってください, ストップ, 止めて, やめて, \
            いいえ, いや, 違う, 違います, すみません, 黙って",
    },
    Language {
        tag: "zh",
        backchannels: "嗯, 对, 對, 对啊, 是, 是的, 是啊, 是吗, 好, 好的, 好吧, 行, 没错, 沒錯, 不错, 不錯, \
            没问题, 沒問題, 当然, 當然, 明白, 明白了, 知道了, 我知道, 了解, 懂了, 我懂, 可以, 哦, 噢, \
            喔, 啊, 呃, 哈, 这样啊, 原来如此, 原來如此, 真的, 真的吗, 太好了, 继续, 请继续, 請繼續",
        stops: "停, 停下, 停一下, 等等, 等一下, 等一等, 不, 不是, 不对, 不對, 不用, 别说了, 別說了, \
            打住, 够了, 夠了",
    },
];
