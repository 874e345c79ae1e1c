"""Words by which a language in Latin letters is told: the little words that every text has, and verbs that requests begin with.

Words that stand in several of these languages count for each of them, and half; what stands in one alone decides. Words that
are also keywords of programming languages (``for``, ``in``, ``not``, ``import``) are left out of English, for code is no
English; and so are single letters everywhere, which name variables and answers.
"""

from typing import Final

FUNCTION_WORDS: Final = {
    "en": """the of to is in on over used and by at its every given find that it was you are be have what how can will please
        my me we your which would could should there they he she his her about does did who when where why an has had been were
        this these those write tell give explain show list make create translate summarize help into than more some any all so
        out up only also very between because hello hi thanks""",
    "de": """der die das und ist nicht ein eine einen einem einer ich du sie wir ihr mit auf für von zu dem den des im am
        als auch wie was wer wo warum kann können bitte mir mich dir sich sind wird werden oder aber wenn dass über nach
        bei aus zum zur schreibe erkläre gib zeige mach mache übersetze hilf welche hallo meine mein deine kannst hat
        haben war durch noch nur sehr""",
    "fr": """le la les des du une un et est en que qui dans pour pas sur ce cette ces avec par au aux je tu il elle nous
        vous ils mon ma mes ton son ses leur plus ou mais où comment pourquoi quel quelle peux pouvez être fait faire sont
        ai as avez écris explique donne montre traduis résume bonjour merci qu quoi moi""",
    "es": """el la los las de que en un una es por con para del al se lo su como más pero sus le ya este esta sí porque
        muy sin sobre también me hasta hay donde quien desde todo nos cuando cómo qué cuál puedes puede escribe explica
        dime dame hola gracias mi tu traduce resume haz son está están fue ser soy eres""",
    "pt": """os as de que em um uma é por com para do da dos das no na nos nas se mais mas como foi ele ela seu sua ou
        quando muito já eu também só pelo pela até isso entre depois sem mesmo aos quem você qual pode escreva explique me
        diga faça olá obrigado não são está estão meu minha traduza resuma ao""",
    "it": """il lo la gli le di che è un una per con non del della dei delle nel nella sono si come più ma anche se mi ci
        questo questa da al alla perché quando dove chi cosa quale puoi scrivi spiega dammi dimmi ciao grazie mio mia tuo
        ho hai ha essere traduci riassumi fai degli sul sulla""",
    "nl": """de het een en van is dat niet te in op met voor zijn er aan ook als maar om door over bij nog naar uit wat
        hoe waarom wie waar kan kun jij je ik we mijn schrijf leg geef maak vertaal alsjeblieft hallo deze dit die wordt
        worden heeft heb hebben zou uw""",
    "pl": """na nie się że jest do to jak po co tak ale od za przez dla czy są tego tym który która jego jej był będzie
        może mi mnie proszę napisz wyjaśnij podaj przetłumacz cześć dzień dlaczego kiedy gdzie kto jakie jaki ten ta te
        oraz lub już""",
    "tr": """ve bir bu da de için ile ne nasıl neden çok daha var mı mi olan olarak gibi kadar ama ben sen biz şu bana
        lütfen yaz açıkla ver göster çevir merhaba hangi nerede kim değil en her ya veya sonra önce bunu nedir""",
    "vi": """và là của có không cho một được các những với này trong khi đã để người tôi bạn hãy như thế nào gì tại sao
        viết giải thích xin chào ở từ đến sẽ về thì mà cái rất cũng làm ra""",
    "id": """yang dan di ini itu dengan untuk dari dalam tidak akan pada ke adalah saya anda kamu apa bagaimana mengapa
        kenapa bisa dapat tolong tuliskan jelaskan buat buatkan terjemahkan halo terima kasih oleh atau juga sudah ada
        seperti karena kami kita""",
    "ro": """și în de la cu pe nu este un ce care pentru din să mai se sunt dar ca cum unde când cine eu tu el ea noi
        scrie explică dă fă tradu bună mulțumesc ale al lui sau după fi avea are poți îmi mi""",
    "cs": """na se je to že do jak co ale pro jako by za po od ten který která jsou být není jsem nebo když kde kdo proč
        napiš vysvětli přelož prosím ahoj můžeš mi jsi také až tak už""",
    "hu": """az és hogy nem is egy van ez meg de mint csak már ki mi hogyan miért hol mikor kérlek írj magyarázd fordítsd
        szia lehet kell vagy volt azt ezt nagyon minden után által mert még""",
    "sv": """och att det som en på är av för med den till inte om ett har jag du vi kan var vad hur varför skriv förklara
        ge mig hej tack från eller men så när där också ska vill sig""",
    "da": """og at det som en på er af for med den til ikke om et har jeg du vi kan var hvad hvordan hvorfor skriv forklar
        giv mig hej tak fra eller men så når hvor også skal vil sig være blev""",
    "no": """og at det som en på er av for med den til ikke om et har jeg du vi kan var hva hvordan hvorfor skriv forklar
        gi meg hei takk fra eller men så når hvor også skal vil seg være ble""",
    "fi": """ja on ei se että kun mikä mitä miten miksi missä kuka oli ovat olen olet hän me te he kirjoita selitä anna
        minulle kiitos hei tai mutta myös niin kuin jos voit voi tämä joka ole jotka""",
    "tl": """ang ng sa mga na ay at ko mo ako ikaw siya ito iyon hindi para kung ano paano bakit saan sino isang may nang
        po isulat ipaliwanag pakiusap kumusta salamat lang din""",
    "sw": """na ya wa kwa ni katika za la kama hii hiyo si nini vipi wapi nani mimi wewe yeye sisi andika eleza tafadhali
        habari asante au pia lakini ambayo""",
    "hr": """je na se da za od su koji koja što sam si nije ali kao ili kako zašto gdje kada tko ovo to iz po do napiši
        objasni molim bok hvala mi ti možeš bi biti bio""",
    "ca": """el la els les de que en un una és per amb del al no se com més però també això aquest aquesta què quan on qui
        perquè escriu explica hola gràcies si us plau són està meu""",
}
"""By ISO 639-1 code."""

LETTERS: Final = {
    "hu": "őű", "pl": "łńśźż", "tr": "ğış", "vi": "đơưạảấầậắặẹẻếềểệọỏốồổộớờởợụủứừửữựỳỵỷỹ", "ro": "țșă", "cs": "řěů", "es": "ñ",
    "pt": "ãõ", "de": "ß",
}  # fmt: skip
"""Letters that tell where a text is too short to hold any of the words."""

KIN: Final = (
    frozenset({"da", "no", "sv"}), frozenset({"es", "pt", "ca", "it"}), frozenset({"fr", "ca"}), frozenset({"cs", "hr", "pl"}),
    frozenset({"de", "nl"}),
)  # fmt: skip
"""Languages that share so many of these words that two of a group are never taken for a mixture."""
