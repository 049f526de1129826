//! What the callers of the corpus say. A bar marks where a speaker may stop to think; the words
//! around it belong to one turn.

/// Whole turns, most with a place to hesitate.
pub(crate) const SENTENCES: &[&str] = &[
    "I would like to | book a table for four people.",
    "Could you tell me | when the next train leaves?",
    "My washing machine has | stopped working again.",
    "I am calling about the | invoice from last month.",
    "We need somebody who can | come on Saturday morning.",
    "Do you know whether | the library is open today?",
    "The last time I called | nobody picked up the phone.",
    "I think it was | the second week of October.",
    "Please send the parcel to | my mother's address.",
    "Is there a room with | a view of the sea?",
    "I wanted to ask if | you could change my appointment.",
    "It happens every time when | I turn on the light.",
    "She told me that | the doctor would be back at three.",
    "Could we move the meeting to | Thursday afternoon?",
    "I have been waiting for | more than two weeks now.",
    "The green one is fine, but | the blue one does not fit.",
    "We are looking for a flat with | two bedrooms and a balcony.",
    "How much does it cost to | send a letter to Canada?",
    "I forgot the password of | my online account.",
    "My son is eleven and | he is allergic to nuts.",
    "Can you repeat the part about | the opening hours?",
    "I would rather pay | by bank transfer.",
    "There is a problem with | the brakes of my bicycle.",
    "Let me see, | I think Tuesday would be best.",
    "Well, actually, | I changed my mind about that.",
    "If it rains tomorrow, | we will stay at home.",
    "Because the shop was closed, | I could not return the shoes.",
    "When I got home, | the kitchen was full of water.",
    "As far as I remember, | we paid eighty dollars.",
    "To be honest, | I did not like the food very much.",
    "That sounds good to me.",
    "Yes, please.",
    "No, I do not think so.",
    "Thank you very much for your help.",
    "What time is it?",
    "I do not understand the question.",
    "That is all I wanted to know.",
    "How do I get to the station?",
    "Tell me more about it.",
    "I will call again tomorrow.",
];

/// Turns given in pieces: lists, numbers, spelling.
pub(crate) const PIECES: &[&str] = &[
    "Two apples, | three pears, | a loaf of bread, | and some milk.",
    "Monday, | Wednesday, | and Friday would work.",
    "It is four, seven, one, | nine, two, | eight, eight, three.",
    "My name is Walker. | W, A, L, | K, E, R.",
    "One coffee, | two teas, | and a glass of water, please.",
    "The number is six, one, five, | two, four, two, | zero, nine.",
    "We visited Rome, | then Florence, | and finally Venice.",
    "It starts with an M, | then an I, | and two Ls.",
    "I need a hammer, | some nails, | and a piece of wood.",
    "Green, | yellow, | and a little bit of red.",
];

/// What a listener says without wanting the turn.
pub(crate) const HUMS: &[&str] =
    &["Mm-hmm.", "Uh-huh.", "Yeah.", "Okay.", "Right.", "I see.", "Yeah, okay.", "Mm."];

/// What a caller says to take the turn.
pub(crate) const INTERRUPTIONS: &[&str] = &[
    "Wait, stop please.",
    "Sorry, can I ask something?",
    "No, that is not what I meant.",
    "Hold on, I need to write this down.",
    "Actually, I would prefer Tuesday.",
    "Excuse me, what was the price?",
    "I already know that, thank you.",
    "Can we talk about something else?",
    "Stop, that is enough.",
    "And what about the weekend?",
];

/// What a caller says before the agent speaks, so that it is known how the caller sounds. In one
/// breath: who goes on after a pause speaks over the agent.
pub(crate) const OPENING: &str = "I would like to hear about the history of this place.";

/// What the agent is saying when it is spoken over: about twelve seconds, and nothing of what the
/// callers say over it.
pub(crate) const MONOLOGUE: &str = "Along the northern shore there is an old lighthouse, which was \
    built by three brothers from a fishing village, and every evening one of them climbed the \
    hundred and twelve steps, lit the great lamp, and watched the ships go by until the sun came \
    up again over the quiet harbour.";
