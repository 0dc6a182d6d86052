"""German, as it is written at school; learners are called Du."""

TITLE = "Deutsch"

_CHAPTERS = {
    # 1 one-weight
    "The slope of one weight": "Die Steigung eines Gewichts",
    "Read a slope off two forward passes, and see that it is the input.": (
        "Lies eine Steigung an zwei Vorwärtsrechnungen ab und sieh, dass sie die Eingabe ist."
    ),
    "Raise the weight. How much does the output rise, and how much for each 1?": (
        "Erhöhe das Gewicht. Um wie viel steigt die Ausgabe, und um wie viel je 1?"
    ),
    "The slope is the input: no need to compute anything.": "Die Steigung ist die Eingabe: Zu rechnen ist nichts.",
    "A small nudge. The slope is the same, however small the nudge is.": (
        "Eine kleine Änderung. Die Steigung bleibt gleich, wie klein die Änderung auch ist."
    ),
    "The weight goes down. The slope keeps its sign.": "Das Gewicht sinkt. Die Steigung behält ihr Vorzeichen.",
    "The slope is the weight: no need to compute anything.": "Die Steigung ist das Gewicht: Zu rechnen ist nichts.",
    "Three weights, one nudged at a time. The others stand still, and so do their products.": (
        "Drei Gewichte, jedes für sich geändert. Die anderen bleiben stehen, und ihre Produkte auch."
    ),
    "before": "vorher",
    "after": "nachher",
    "change": "Änderung",
    "nudge": "Änderung",
    "Z after": "Z nachher",
    "slope": "Steigung",
    # 2 bias-and-input
    "The slope of a bias and of an input": "Die Steigung eines Bias und einer Eingabe",
    "Know that a bias has the slope 1, and that weight and input are each other's slope.": (
        "Wisse, dass ein Bias die Steigung 1 hat und dass Gewicht und Eingabe einander die Steigung sind."
    ),
    "Raise the bias. Nothing multiplies it on its way to the output.": (
        "Erhöhe den Bias. Auf seinem Weg zur Ausgabe wird er mit nichts multipliziert."
    ),
    "Now the input is nudged, and the weight stands still.": "Jetzt ändert sich die Eingabe, und das Gewicht bleibt.",
    "One neuron, three slopes: the weight, the bias, the input, each nudged alone.": (
        "Ein Neuron, drei Steigungen: Gewicht, Bias und Eingabe, jedes für sich geändert."
    ),
    "Which of the three slopes stays as it is when X is changed?": (
        "Welche der drei Steigungen bleibt gleich, wenn X geändert wird?"
    ),
    "that of b alone": "nur die von b",
    "those of b and X": "die von b und X",
    "those of W and b": "die von W und b",
    # 3 bends
    "Functions that bend": "Gekrümmte Funktionen",
    "See why a small nudge is better, and why nudging both ways is better still.": (
        "Sieh, warum eine kleine Änderung besser ist, und warum es noch besser ist, nach beiden Seiten zu gehen."
    ),
    "A parabola. A nudge to one side gives the slope, and a little more.": (
        "Eine Parabel. Eine Änderung nach einer Seite ergibt die Steigung und ein wenig mehr."
    ),
    "The same place, with a nudge ten times smaller each time. What becomes of the gap?": (
        "Dieselbe Stelle, jedes Mal mit einem Zehntel der Änderung. Was wird aus der Abweichung?"
    ),
    "ratio": "Quotient",
    "gap": "Abweichung",
    "What becomes of the gap when the nudge is made ten times smaller?": (
        "Was wird aus der Abweichung, wenn die Änderung zehnmal kleiner wird?"
    ),
    "it stays as it is": "sie bleibt, wie sie ist",
    "it is ten times smaller": "sie wird zehnmal kleiner",
    "it is a hundred times smaller": "sie wird hundertmal kleiner",
    "A cube bends more, and more the farther out.": "x hoch 3 ist stärker gekrümmt, weiter außen immer mehr.",
    "A nudge up and a nudge down, and the difference divided by both nudges together.": (
        "Einmal nach oben und einmal nach unten; der Unterschied wird durch beide Schritte zusammen geteilt."
    ),
    "A square and a straight line together.": "Ein Quadrat und eine Gerade zusammen.",
    # 4 rules
    "The rules": "Die Regeln",
    "Name the rule, find the inside and the outside, put the numbers in.": (
        "Nenne die Regel, finde das Innere und das Äußere, setze die Zahlen ein."
    ),
    "The exponent comes down as a factor, and is one less.": (
        "Der Exponent kommt als Faktor nach vorn und wird um eins kleiner."
    ),
    "Term by term. What does not depend on x drops out.": ("Summand für Summand. Was nicht von x abhängt, fällt weg."),
    "By which rule is a x^2 + b x + c taken apart first?": ("Mit welcher Regel wird a x^2 + b x + c zuerst zerlegt?"),
    "Each factor moves while the other stands still, and both ways are added up.": (
        "Ein Faktor ändert sich, während der andere stehen bleibt; beides wird addiert."
    ),
    "By which rule is x^2 (3 x + c) taken apart first?": "Mit welcher Regel wird x^2 (3 x + c) zuerst zerlegt?",
    "Top and bottom both move: the bottom squared stands below.": (
        "Zähler und Nenner ändern sich beide: Unten steht der Nenner im Quadrat."
    ),
    "First the outer function at what stands inside, then times the slope of the inside.": (
        "Zuerst die äußere Funktion an der Stelle des Inneren, dann mal die Steigung des Inneren."
    ),
    "By which rule is (a x + b)^n taken apart first?": "Mit welcher Regel wird (a x + b)^n zuerst zerlegt?",
    "Three functions, one inside the other: three slopes, multiplied.": (
        "Drei Funktionen ineinander: drei Steigungen, miteinander multipliziert."
    ),
    "Work from the outside in.": "Geh von außen nach innen vor.",
    # 5 activations
    "Activations": "Aktivierungen",
    "Work out the slope of an activation, and multiply what comes back by it.": (
        "Berechne die Steigung einer Aktivierung und multipliziere damit, was zurückkommt."
    ),
    "A relu lets through what is above 0. Its slope is 1 there, and 0 below.": (
        "Ein relu lässt durch, was über 0 liegt. Dort ist seine Steigung 1, darunter 0."
    ),
    "A leaky relu lets a tenth through below 0.": "Ein undichtes relu lässt unter 0 ein Zehntel durch.",
    "At 0 itself there is no slope: gradwork takes 0 there, as most libraries do.": (
        "Bei 0 selbst gibt es keine Steigung: gradwork nimmt dort 0, wie die meisten Bibliotheken."
    ),
    "Which slopes does a relu have just left and just right of 0?": (
        "Welche Steigungen hat ein relu dicht links und dicht rechts von 0?"
    ),
    "0 and 1": "0 und 1",
    "1 and 0": "1 und 0",
    "0.5 and 0.5": "0.5 und 0.5",
    "A sigmoid's slope is read off its own value: a (1 - a).": (
        "Die Steigung der Sigmoidfunktion liest Du an ihrem eigenen Wert ab: a (1 - a)."
    ),
    "The slope of tanh is read off its own value: 1 - a^2.": (
        "Die Steigung von tanh liest Du an ihrem eigenen Wert ab: 1 - a^2."
    ),
    "A row of units with tanh: the slope belongs to what went in, and is worked out from what came out.": (
        "Eine Reihe Neuronen mit tanh: Die Steigung gehört zu dem, was hineinging; berechnet wird sie aus dem, was "
        "herauskam."
    ),
    # 6 losses
    "Losses": "Verluste",
    "Work out a loss, and how fast it changes with each prediction.": (
        "Berechne einen Verlust, und wie schnell er sich mit jeder Vorhersage ändert."
    ),
    "One row. The loss is the square of how far off the prediction is.": (
        "Ein Datensatz. Der Verlust ist das Quadrat davon, wie weit die Vorhersage danebenliegt."
    ),
    "In which direction does the prediction have to go for the loss to fall?": (
        "In welche Richtung muss die Vorhersage gehen, damit der Verlust sinkt?"
    ),
    "up": "nach oben",
    "down": "nach unten",
    "Four rows. The mean divides by 4, on the way there and on the way back.": (
        "Vier Datensätze. Der Mittelwert teilt durch 4, auf dem Hinweg und auf dem Rückweg."
    ),
    "The absolute error has the slope 1 or -1, however far off the prediction is.": (
        "Der Betrag des Fehlers hat die Steigung 1 oder -1, wie weit die Vorhersage auch danebenliegt."
    ),
    "With one half before the sum the 2 of the square drops out.": (
        "Mit einem Halben vor der Summe fällt die 2 des Quadrats weg."
    ),
    "A share p, and what was: y is 1 or 0. The slope is large where the share is far off.": (
        "Ein Anteil p, und was wirklich war: y ist 1 oder 0. Die Steigung ist groß, wo der Anteil weit danebenliegt."
    ),
    # 7 one-neuron
    "One neuron, three ways": "Ein Neuron auf drei Wegen",
    "Work out the same slope by nudging, by the rules and by backpropagation, and see that they agree.": (
        "Berechne dieselbe Steigung durch kleine Änderungen, mit den Regeln und durch Rückwärtsrechnen, und sieh, dass "
        "sie übereinstimmen."
    ),
    "Three ways to one slope: nudging, the rules, backpropagation. The three numbers must agree.": (
        "Drei Wege zu einer Steigung: kleine Änderungen, die Regeln, Rückwärtsrechnen. Die drei Zahlen müssen "
        "übereinstimmen."
    ),
    "Three columns that must agree. Somebody made a mistake in one of them: work both slopes out yourself.": (
        "Drei Spalten, die übereinstimmen müssen. In einer hat jemand einen Fehler gemacht: Berechne beide Steigungen "
        "selbst."
    ),
    "nudging": "kleine Änderungen",
    "the rules": "die Regeln",
    "backpropagation": "Rückwärtsrechnen",
    "By nudging, the same two slopes are": "Mit kleinen Änderungen sind dieselben beiden Steigungen",
    "worked again": "nachgerechnet",
    "Which of the three does not agree?": "Welche der drei stimmt nicht mit den anderen überein?",
    "Which mistake is it?": "Welcher Fehler ist es?",
    "the sign is turned round": "das Vorzeichen ist umgekehrt",
    "the factor 2 of the square is missing": "der Faktor 2 des Quadrats fehlt",
    "the factor x is missing": "der Faktor x fehlt",
    "it is divided by h, and not by 2 h": "es ist durch h geteilt, nicht durch 2 h",
    "the change is not divided at all": "die Änderung ist gar nicht geteilt",
    "Somebody has 2 * error for the slope of w. What was forgotten?": (
        "Jemand hat 2 * error als Steigung von w. Was wurde vergessen?"
    ),
    "the factor 2": "der Faktor 2",
    "the slope of the inside, x": "die Steigung des Inneren, x",
    "the sign": "das Vorzeichen",
    "One neuron with a squared loss. First by nudging both ways, then by the rules: the two must agree.": (
        "Ein Neuron mit quadratischem Verlust. Zuerst mit kleinen Änderungen nach beiden Seiten, dann mit den Regeln: "
        "Beides muss übereinstimmen."
    ),
    "By nudging:": "Mit kleinen Änderungen:",
    "By the rules:": "Mit den Regeln:",
    "The same neuron with a relu: forward, line by line, and back, line by line.": (
        "Dasselbe Neuron mit einem relu: Zeile für Zeile vorwärts, Zeile für Zeile zurück."
    ),
    "And back:": "Und zurück:",
    # 8 descent-step
    "A step of gradient descent": "Ein Schritt im Gradientenverfahren",
    "Step against the slope, and know what the learning rate does.": (
        "Geh einen Schritt gegen die Steigung und wisse, was die Lernrate bewirkt."
    ),
    "A step against the slope. Is the new loss lower?": (
        "Ein Schritt gegen die Steigung. Ist der neue Verlust kleiner?"
    ),
    "Is the new loss lower than the old one?": "Ist der neue Verlust kleiner als der alte?",
    "yes": "ja",
    "no": "nein",
    "A learning rate that is too large steps over the valley, and up the other side.": (
        "Eine zu große Lernrate geht über das Tal hinweg und auf der anderen Seite hinauf."
    ),
    "Before you work anything out: what will the slope be?": "Bevor Du rechnest: Wie wird die Steigung sein?",
    "above 0": "über 0",
    "below 0": "unter 0",
    "Two steps, their lines out of order. Number the lines: each needs the one before it.": (
        "Zwei Schritte, die Zeilen durcheinander. Nummeriere die Zeilen: Jede braucht die vor ihr."
    ),
    **{f"{name} is step": f"{name} ist Schritt" for name in ("error1", "slope1", "w2", "error2", "slope2", "w3")},
    "Somebody worked a step and made one mistake. Work each line again from their numbers: one alone will differ.": (
        "Jemand hat einen Schritt gerechnet und einen Fehler gemacht. Rechne jede Zeile mit den Zahlen nach, die dort "
        "stehen: Nur eine weicht ab."
    ),
    "theirs": "dort steht",
    "again, from theirs": "damit nachgerechnet",
    "Where is the mistake?": "Wo ist der Fehler?",
    "in the line of error": "in der Zeile von error",
    "in the line of loss": "in der Zeile von loss",
    "in the line of slope": "in der Zeile von slope",
    "in the line of new_w": "in der Zeile von new_w",
    "it is doubled, and not squared": "es ist verdoppelt, nicht quadriert",
    "the step is added, and not taken off": "der Schritt ist addiert, nicht abgezogen",
    "the learning rate is missing": "die Lernrate fehlt",
    "Weight and bias step together: both slopes are worked out before either of them moves.": (
        "Gewicht und Bias gehen zusammen: Beide Steigungen werden berechnet, bevor sich eines von beiden ändert."
    ),
    "Three steps from the same start. Each begins where the one before it ended.": (
        "Drei Schritte vom selben Anfang. Jeder beginnt dort, wo der vorige geendet hat."
    ),
    "loss = (w x - y)^2, so its slope is 2 error x.": "loss = (w x - y)^2, also ist die Steigung 2 error x.",
    # 9 batch-mean
    "A batch of rows, and the mean": "Mehrere Datensätze und ihr Mittelwert",
    "Work out a gradient for several rows at once, and divide by how many there are.": (
        "Berechne einen Gradienten für mehrere Datensätze auf einmal und teile durch ihre Anzahl."
    ),
    "Each row has a slope of its own. The slope of the mean is the mean of the slopes.": (
        "Jeder Datensatz hat seine eigene Steigung. Die Steigung des Mittelwerts ist der Mittelwert der Steigungen."
    ),
    "A weight and a bias, four rows. Lines that feed all rows collect from all rows.": (
        "Ein Gewicht und ein Bias, vier Datensätze. Was in alle Datensätze eingeht, sammelt von allen ein."
    ),
    "Two inputs, four rows of data, a column each. The weights are one row.": (
        "Zwei Eingaben, vier Datensätze, je eine Spalte. Die Gewichte sind eine Zeile."
    ),
    "The same data with a row for each row of data: how is Z worked out then?": (
        "Dieselben Daten mit einer Zeile je Datensatz: Wie wird Z dann berechnet?"
    ),
    "X W": "X W",
    "W X": "W X",
    "X^T W": "X^T W",
    "The same in a program:": "Dasselbe in einem Programm:",
    # 10 linear-layer
    "A linear layer": "Eine lineare Schicht",
    "Write down the shapes of dW, db and dX first, then work them out.": (
        "Schreibe zuerst die Formen von dW, db und dX auf, dann berechne sie."
    ),
    "Two units, two inputs, one row of data. The shapes tell what to multiply with what.": (
        "Zwei Neuronen, zwei Eingaben, ein Datensatz. Die Formen sagen, was womit multipliziert wird."
    ),
    "What comes back to Z is given. Pass it on.": "Was zu Z zurückkommt, ist gegeben. Gib es weiter.",
    "Two units, three inputs, two rows of data.": "Zwei Neuronen, drei Eingaben, zwei Datensätze.",
    "All matrices are square here: no shape warns of a transposed one.": (
        "Hier sind alle Matrizen quadratisch: Keine Form warnt vor einer transponierten."
    ),
    "The same, as a program has it. What do the last lines give?": (
        "Dasselbe, wie es im Programm steht. Was ergeben die letzten Zeilen?"
    ),
    # 11 two-layers
    "Two layers with relu": "Zwei Schichten mit relu",
    "Carry slopes back through a relu: a unit that is off passes nothing on.": (
        "Trage Steigungen durch ein relu zurück: Ein Neuron, das aus ist, gibt nichts weiter."
    ),
    "One row of data through two layers, and back.": "Ein Datensatz durch zwei Schichten und zurück.",
    "Why is something 0 in dZ1 although what came back was not?": (
        "Warum steht in dZ1 eine 0, obwohl dort etwas zurückkam?"
    ),
    "that unit is off for that row": "das Neuron ist bei diesem Datensatz aus",
    "its weight is 0": "sein Gewicht ist 0",
    "its bias is 0": "sein Bias ist 0",
    "Three layers now, and the way back out of order. Number its lines: each needs the one before it.": (
        "Jetzt drei Schichten, und der Rückweg durcheinander. Nummeriere seine Zeilen: Jede braucht die vor ihr."
    ),
    "And back, out of order:": "Und zurück, durcheinander:",
    **{f"{name} is step": f"{name} ist Schritt" for name in ("dZ3", "dA2", "dZ2", "dA1", "dZ1", "dW1")},
    "Four rows of data through two layers, and back.": "Vier Datensätze durch zwei Schichten und zurück.",
    # 12 softmax
    "Softmax and cross-entropy": "Softmax und Kreuzentropie",
    "Make shares of scores, and know why what comes back is the shares less the labels.": (
        "Mache aus Rohwerten Anteile und wisse, warum die Anteile weniger die Zielwerte zurückkommen."
    ),
    "Scores become shares: raise e to each, and divide by the sum.": (
        "Aus Rohwerten werden Anteile: e hoch jeden Rohwert, geteilt durch die Summe."
    ),
    "What comes back to the scores is simple:": "Was zu den Rohwerten zurückkommt, ist einfach:",
    "What do the three numbers of dZ add up to, but for rounding?": (
        "Was ergeben die drei Zahlen von dZ zusammen, vom Runden abgesehen?"
    ),
    "0": "0",
    "1": "1",
    "the loss": "den Verlust",
    "How each share moves with each score: P (1 - P) on the diagonal, products beside it.": (
        "Wie sich jeder Anteil mit jedem Rohwert ändert: P (1 - P) auf der Diagonale, Produkte daneben."
    ),
    "What does each row of J add up to?": "Was ergibt jede Zeile von J zusammen?",
    "its share": "ihren Anteil",
    "Back through the logarithm and the softmax, the long way. The short way is P - Y.": (
        "Zurück durch Logarithmus und Softmax, auf dem langen Weg. Der kurze Weg ist P - Y."
    ),
    "Two rows of data, a column each, and the mean of their losses: each column of dZ is divided by 2.": (
        "Zwei Datensätze, je eine Spalte, und der Mittelwert ihrer Verluste: Jede Spalte von dZ wird durch 2 geteilt."
    ),
    # 13 numerical-table
    "The numerical gradient of a network": "Der numerische Gradient eines Netzes",
    "Measure every slope of a network without any calculus, and write them down as its gradient.": (
        "Miss jede Steigung eines Netzes ohne jede Ableitung und schreibe alle als seinen Gradienten auf."
    ),
    "The slopes of a matrix of weights, column by column.": ("Die Steigungen einer Gewichtsmatrix, Spalte für Spalte."),
    "This matrix has the shape of the weights. What is it called?": (
        "Diese Matrix hat die Form der Gewichte. Wie heißt sie?"
    ),
    "the gradient": "der Gradient",
    "the Jacobian determinant": "die Jacobi-Determinante",
    "the Hessian": "die Hesse-Matrix",
    "Every bias and weight is raised by the nudge, one at a time, and put back. By how much does the loss rise?": (
        "Jeder Bias und jedes Gewicht wird für sich um h erhöht und zurückgesetzt. Um wie viel steigt der Verlust?"
    ),
    "The loss after each bias was nudged:": "Der Verlust, nachdem jeder Bias geändert wurde:",
    "The loss after each weight was nudged, a column of the matrix for each input:": (
        "Der Verlust, nachdem jedes Gewicht geändert wurde, eine Spalte der Matrix je Eingabe:"
    ),
    "A network of two units and a squared loss. One of its weights is nudged up, and then down.": (
        "Ein Netz aus zwei Neuronen mit quadratischem Verlust. Eines seiner Gewichte wird erhöht und dann gesenkt."
    ),
    "The first weight of a unit that is on, up and down by h:": (
        "Das erste Gewicht eines Neurons, das an ist, um h nach oben und nach unten:"
    ),
    # 14 optimisers
    "Optimisers": "Optimierer",
    "Work a step of momentum, weight decay, RMSProp and Adam by hand.": (
        "Rechne einen Schritt mit Momentum, Gewichtsabnahme, RMSProp und Adam von Hand."
    ),
    "Momentum keeps a part of the last step. Two steps.": (
        "Momentum behält einen Teil des letzten Schritts. Zwei Schritte."
    ),
    "Weight decay adds a part of the weight to its slope, and leaves the bias alone.": (
        "Gewichtsabnahme addiert einen Teil des Gewichts zu seiner Steigung und lässt den Bias in Ruhe."
    ),
    "The slope is divided by its usual size: the root of a running mean of squares.": (
        "Die Steigung wird durch ihre übliche Größe geteilt: die Wurzel eines laufenden Mittelwerts der Quadrate."
    ),
    "Adam's first step: both running means start at 0, and are made larger for it.": (
        "Der erste Schritt von Adam: Beide laufenden Mittelwerte beginnen bei 0 und werden dafür vergrößert."
    ),
    # 15 many-weights
    "Many weights at once": "Viele Gewichte auf einmal",
    "See a matrix product as products and row sums, forwards and backwards.": (
        "Sieh ein Matrixprodukt als Produkte und Zeilensummen, vorwärts und rückwärts."
    ),
    "Several weights move at once. The output moves by the sum of the products.": (
        "Mehrere Gewichte ändern sich auf einmal. Die Ausgabe ändert sich um die Summe der Produkte."
    ),
    "Two outputs: a row of weights for each.": "Zwei Ausgaben: je eine Zeile Gewichte.",
    "The same in one go: rows times column.": "Dasselbe in einem Zug: Zeilen mal Spalte.",
    "Two rows of data, a column each.": "Zwei Datensätze, je eine Spalte.",
    "Three outputs and three inputs.": "Drei Ausgaben und drei Eingaben.",
    # 16 through-relu
    "Through a relu: the chain of ratios": "Durch ein relu: die Kette der Quotienten",
    "Multiply ratios along a chain, and know when a relu makes one of them 0.": (
        "Multipliziere Quotienten entlang einer Kette und wisse, wann ein relu einen davon zu 0 macht."
    ),
    "The unit is on, before and after: whatever happens to Z happens to A.": (
        "Das Neuron ist an, vorher und nachher: Was mit Z geschieht, geschieht mit A."
    ),
    "The unit is off, before and after: nothing that happens to Z reaches A.": (
        "Das Neuron ist aus, vorher und nachher: Nichts, was mit Z geschieht, kommt bei A an."
    ),
    "Without any nudge: the slope of the relu times the slope of the product.": (
        "Ohne jede Änderung: die Steigung des relu mal die Steigung des Produkts."
    ),
    "A = relu(Z)": "A = relu(Z)",
    "W is raised a little. What does A do?": "W wird ein wenig erhöht. Was tut A?",
    "it rises": "es steigt",
    "it falls": "es sinkt",
}

_RULES = {
    "absolute value rule": "Betragsregel",
    "arccosh rule": "Areakosinus-hyperbolicus-Regel",
    "arccosine rule": "Arkuskosinusregel",
    "arcsine rule": "Arkussinusregel",
    "arcsinh rule": "Areasinus-hyperbolicus-Regel",
    "arctangent rule": "Arkustangensregel",
    "arctanh rule": "Areatangens-hyperbolicus-Regel",
    "Bessel function rule": "Regel der Besselfunktion",
    "chain rule": "Kettenregel",
    "choice rule": "Auswahlregel",
    "Cholesky rule": "Cholesky-Regel",
    "clip rule": "Begrenzungsregel",
    "cofactor rule": "Kofaktorregel",
    "conjugate rule": "Konjugationsregel",
    "constant factor rule": "Faktorregel",
    "constant rule": "Konstantenregel",
    "cosh rule": "Kosinus-hyperbolicus-Regel",
    "cosine rule": "Kosinusregel",
    "cube root rule": "Kubikwurzelregel",
    "determinant rule": "Determinantenregel",
    "dilogarithm rule": "Dilogarithmusregel",
    "eigenvalue rule": "Eigenwertregel",
    "eigenvector rule": "Eigenvektorregel",
    "elliptic integral rule": "Regel des elliptischen Integrals",
    "error function rule": "Regel der Fehlerfunktion",
    "exponential integral rule": "Regel des Exponentialintegrals",
    "exponential rule": "Exponentialregel",
    "Fourier rule": "Fourier-Regel",
    "gamma function rule": "Regel der Gammafunktion",
    "Huber rule": "Huber-Regel",
    "identity rule": "Regel der Identität",
    "imaginary part rule": "Imaginärteilregel",
    "implicit function rule": "Regel der impliziten Funktion",
    "inverse rule": "Regel der inversen Matrix",
    "least squares rule": "Regel der kleinsten Quadrate",
    "linear system rule": "Regel des linearen Gleichungssystems",
    "log-determinant rule": "Log-Determinanten-Regel",
    "log-softmax rule": "Log-Softmax-Regel",
    "log-sum-exp rule": "Log-Sum-Exp-Regel",
    "logarithm rule": "Logarithmusregel",
    "matrix product rule": "Matrixproduktregel",
    "maximum rule": "Maximumregel",
    "mean rule": "Mittelwertregel",
    "minimum rule": "Minimumregel",
    "normal distribution rule": "Regel der Normalverteilung",
    "picking rule": "Auswahl von Einträgen",
    "power and exponential rule": "Potenz- und Exponentialregel",
    "power rule": "Potenzregel",
    "product rule": "Produktregel",
    "pseudoinverse rule": "Pseudoinversenregel",
    "QR rule": "QR-Regel",
    "quotient rule": "Quotientenregel",
    "real part rule": "Realteilregel",
    "rearranging rule": "Umordnungsregel",
    "reciprocal rule": "Kehrwertregel",
    "relu rule": "relu-Regel",
    "remainder rule": "Restregel",
    "sigmoid rule": "Sigmoidregel",
    "sinc rule": "sinc-Regel",
    "sine rule": "Sinusregel",
    "singular value rule": "Singulärwertregel",
    "singular vector rule": "Singulärvektorregel",
    "sinh rule": "Sinus-hyperbolicus-Regel",
    "softmax rule": "Softmax-Regel",
    "softplus rule": "Softplus-Regel",
    "square root rule": "Wurzelregel",
    "step rule": "Stufenregel",
    "sum over copies": "Summe über die Kopien",
    "sum rule": "Summenregel",
    "tangent rule": "Tangensregel",
    "tanh rule": "tanh-Regel",
    "writing rule": "Regel des Überschreibens",
}

_MISTAKES = {
    "each is raised to the power first, and then they are added up": (
        "erst wird jede Zahl potenziert, dann wird addiert"
    ),
    "it is divided by {n}, the number of all, and not by one less": (
        "geteilt wird durch {n}, die Anzahl aller, und nicht durch eins weniger"
    ),
    "it is {right}, and not {wrong} of itself": "es ist {right} und nicht von selbst {wrong}",
    "another loss": "ein anderer Verlust",
    "The gradient is right for a loss that differs from this one in one step.": (
        "Der Gradient gehört zu einem Verlust, der sich von diesem in einem Schritt unterscheidet."
    ),
    "a share of the slope is taken off, and not a share of {value} itself": (
        "abgezogen wird ein Teil der Steigung und nicht ein Teil von {value} selbst"
    ),
    "a share of the slope is taken off, and not a share of the loss itself": (
        "abgezogen wird ein Teil der Steigung und nicht ein Teil des Verlusts selbst"
    ),
    "each is compared with {base}, and not with the number before: every nudge is taken back": (
        "verglichen wird jedes Mal mit {base} und nicht mit der Zahl davor: Jede Änderung wird zurückgenommen"
    ),
    "{name} belongs here, and not the number in the middle": "hier gehört {name} hin und nicht die Zahl in der Mitte",
    "a relu keeps {name} where it is above 0, and not below": (
        "ein relu behält {name}, wo es über 0 ist, und nicht darunter"
    ),
    "that is the slope of the relu: its value is {name} itself where that is above 0": (
        "das ist die Steigung des relu: Sein Wert ist {name} selbst, wo es über 0 ist"
    ),
    "that is the slope of a relu: below 0 the slope of the size is -1": (
        "das ist die Steigung eines relu: Unter 0 ist die Steigung des Betrags -1"
    ),
    "that is the slope of {other}, and not of {function}": "das ist die Steigung von {other} und nicht von {function}",
    "that is the slope of the size of {name}: below 0 a relu does not change at all": (
        "das ist die Steigung des Betrags von {name}: Unter 0 ändert sich ein relu gar nicht"
    ),
    "that is another loss: this one is made of the squares, and is not the square of a sum": (
        "das ist ein anderer Verlust: Dieser besteht aus den Quadraten und ist nicht das Quadrat einer Summe"
    ),
    "that is another loss: this one is made of logarithms": (
        "das ist ein anderer Verlust: Dieser besteht aus Logarithmen"
    ),
    "that is another loss: this one is made of the squares": (
        "das ist ein anderer Verlust: Dieser besteht aus den Quadraten"
    ),
    "0 times {name} is 0, and not {name}": "0 mal {name} ist 0 und nicht {name}",
    "it is divided by {count}, the number that the mean is over, and not by {n}": (
        "geteilt wird durch {count}, die Anzahl, über die gemittelt wird, und nicht durch {n}"
    ),
    "the learning rate {rate} multiplies the slope, and not {value}": (
        "die Lernrate {rate} wird mit der Steigung malgenommen und nicht mit {value}"
    ),
    "the shares {share} and 1 - {share} are missing": "die Anteile {share} und 1 - {share} fehlen",
    "only the factor {factor} is there": "nur der Faktor {factor} steht da",
    "only {count} of {n} terms are there: all of them are added up": (
        "nur {count} von {n} Summanden stehen da: Alle werden addiert"
    ),
    "{one} plus {other} is no product rule: each slope is multiplied by the other factor": (
        "{one} plus {other} ist keine Produktregel: Jede Steigung wird mit dem anderen Faktor malgenommen"
    ),
    "the slope of what stands inside is {right}, and not 1": (
        "die Steigung dessen, was innen steht, ist {right} und nicht 1"
    ),
    "{other} is taken from {one}, and {one} is not divided by it": (
        "{other} wird von {one} abgezogen, und {one} wird nicht dadurch geteilt"
    ),
    "{nudge} is added to {value}, and no share of {value}": (
        "{nudge} wird zu {value} addiert und kein Anteil von {value}"
    ),
    "{nudge} is added to {value}, and not multiplied with it": (
        "{nudge} wird zu {value} addiert und nicht damit malgenommen"
    ),
    "it is {base}^{n}, and no lower power": "es ist {base}^{n} und keine kleinere Potenz",
    "the power counts for all of {base}, and not for {term} alone": (
        "die Potenz gilt für ganz {base} und nicht nur für {term}"
    ),
    "every share hangs on every score: the products {term} are missing": (
        "jeder Anteil hängt von jedem Rohwert ab: Die Produkte {term} fehlen"
    ),
    "{name} changes whether the unit is on or off: the relu comes after it": (
        "{name} ändert sich, ob die Einheit an oder aus ist: Das relu kommt erst danach"
    ),
    "where the unit is off, {name} does not change": "wo die Einheit aus ist, ändert sich {name} nicht",
    "that is the slope by another weight: another number of {name} belongs here": (
        "das ist die Steigung nach einem anderen Gewicht: Hier gehört eine andere Zahl von {name} hin"
    ),
    "the exponent {n} itself comes down as a factor, and not one less": (
        "der Exponent {n} selbst kommt als Faktor nach vorn und nicht eins weniger"
    ),
    "{one} divided by {other} is no quotient rule: each slope is multiplied by the other function": (
        "{one} geteilt durch {other} ist keine Quotientenregel: Jede Steigung wird mit der anderen Funktion malgenommen"
    ),
    "{one} is multiplied by the other function, and not by {other}": (
        "{one} wird mit der anderen Funktion multipliziert und nicht mit {other}"
    ),
    "{base} alone is raised to the power, and not {factor}": "nur {base} wird potenziert und nicht {factor}",
    "it is the shares less {labels} here": "hier stehen die Anteile weniger {labels}",
    "every share hangs on every score: P (1 - P) is the slope of one share alone": (
        "jeder Anteil hängt von jedem Wert ab: P (1 - P) ist die Steigung eines Anteils allein"
    ),
    "the learning rate {rate} comes in with the step, and not here": (
        "die Lernrate {rate} kommt erst beim Schritt dazu und nicht hier"
    ),
    "the factor {factor} belongs to {term}": "der Faktor {factor} gehört zu {term}",
    "that is the sign of {name}: it is 0 here where {name} is not above 0": (
        "das ist das Vorzeichen von {name}: Hier ist es 0, wo {name} nicht über 0 liegt"
    ),
    "order of factors": "Reihenfolge der Faktoren",
    "The factors of a product of matrices stand in the other order.": (
        "Die Faktoren eines Matrizenprodukts stehen in der anderen Reihenfolge."
    ),
    "{left} stands on the left and {right} on the right: in a product of matrices the order counts": (
        "{left} steht links und {right} rechts: In einem Matrizenprodukt zählt die Reihenfolge"
    ),
    "{share} and 1 - {share} have changed places": "{share} und 1 - {share} sind vertauscht",
    "{rest} stands where {share} belongs": "{rest} steht, wo {share} hingehört",
    "the label says whose share {share} counts: that is the one of another class": (
        "welcher Anteil von {share} zählt, sagt die Zielklasse: Das ist der einer anderen Klasse"
    ),
    "the label says whose share {share} counts: that is the sum over all classes": (
        "welcher Anteil von {share} zählt, sagt die Zielklasse: Das ist die Summe über alle Klassen"
    ),
    "softmax axis": "Achse der Softmax",
    "The shares on the way back add up to 1 along the wrong axis.": (
        "Die Anteile ergeben auf dem Rückweg entlang der falschen Achse zusammen 1."
    ),
    "another constant factor": "ein anderer fester Faktor",
    "The whole gradient is a constant times what is right, or was turned into a step before it was given.": (
        "Der ganze Gradient ist ein festes Vielfaches des richtigen, oder er wurde schon zu einem Schritt gemacht."
    ),
    "extra factor": "Faktor zu viel",
    "What comes back is multiplied by a value of the forward pass that has no place there.": (
        "Was zurückkommt, wird mit einem Wert des Hinwegs multipliziert, der dort nicht hingehört."
    ),
    "extra term": "Summand zu viel",
    "A term is added on the way back that has no place there, as for a skip connection that is not there.": (
        "Auf dem Rückweg wird ein Summand addiert, der dort nicht hingehört, wie für eine Abkürzung, die es nicht gibt."
    ),
    "inner number": "Zahl im Inneren",
    "One part of the way back is multiplied by a number that does not belong there.": (
        "Ein Teil des Rückwegs wird mit einer Zahl multipliziert, die dort nicht hingehört."
    ),
    "that is the value of the relu: its slope {slope} is 1 or 0": (
        "das ist der Wert der ReLU: Ihre Steigung {slope} ist 1 oder 0"
    ),
    "e is not raised to the scores: these are shares of the scores themselves": (
        "es fehlt e hoch die Werte: Das sind Anteile der Werte selbst"
    ),
    "{function} belongs to another line: this number is taken as it is": (
        "{function} gehört zu einer anderen Zeile: Diese Zahl bleibt, wie sie ist"
    ),
    "it is the mean of {name} along the other axis": "das ist der Mittelwert von {name} entlang der anderen Achse",
    "the learning rate {rate} is multiplied in twice": "die Lernrate {rate} ist zweimal als Faktor darin",
    "that is a part of the slope: the learning rate {rate} comes in with the step": (
        "das ist ein Teil der Steigung: Die Lernrate {rate} kommt erst beim Schritt dazu"
    ),
    "that is {name} itself, and not how it changes": "das ist {name} selbst und nicht die Änderung",
    "{factor} has no place here as a factor": "{factor} gehört hier nicht als Faktor hin",
    "{nudge} is added as it is, and not multiplied by {factor}": (
        "{nudge} wird so addiert, wie es ist, und nicht mit {factor} multipliziert"
    ),
    "{term} is a constant here: its slope is 0, and not {term}": (
        "{term} ist hier fest: Die Steigung davon ist 0 und nicht {term}"
    ),
    "{term} is a constant here: its slope is 0, and not 1": (
        "{term} ist hier fest: Die Steigung davon ist 0 und nicht 1"
    ),
    "{term} is not multiplied by {factor}: it comes in whole": (
        "{term} wird nicht mit {factor} multipliziert: Es zählt ganz"
    ),
    "{factor} multiplies {term} as well: the sum is in brackets": (
        "{factor} wird auch mit {term} multipliziert: Die Summe steht in Klammern"
    ),
    "{one} and {other} are multiplied, and not taken from each other": (
        "{one} und {other} werden multipliziert und nicht voneinander abgezogen"
    ),
    "the products are worked out first, and then added up": "erst werden die Produkte ausgerechnet, dann wird addiert",
    "{base} is a factor here, and no power": "{base} ist hier ein Faktor und keine Potenz",
    "the shares add up to 1 along the other axis": "die Anteile ergeben entlang der anderen Achse zusammen 1",
    "whether it is on is seen by the sign of {right}, and not by that of {wrong}": (
        "ob die Einheit an ist, sieht man am Vorzeichen von {right} und nicht an dem von {wrong}"
    ),
    "the slope by {name} is what {name} is multiplied by, {right}, and not {name} itself": (
        "die Steigung nach {name} ist das, womit {name} multipliziert wird, {right}, und nicht {name} selbst"
    ),
    "mean or sum": "Mittelwert oder Summe",
    "The gradient is too large or too small by the number of rows or entries that a mean is over.": (
        "Der Gradient ist um die Anzahl der Datensätze oder Einträge eines Mittelwerts zu groß oder zu klein."
    ),
    "a mean is divided by {n}": "ein Mittelwert wird durch {n} geteilt",
    "the loss is a mean: its slope is divided by {n}": (
        "der Verlust ist ein Mittelwert: Seine Steigung wird durch {n} geteilt"
    ),
    "it is divided by {n} once too often": "es ist einmal zu oft durch {n} geteilt",
    "factor two": "Faktor zwei",
    "The gradient is twice, or half, what is right.": "Der Gradient ist doppelt oder halb so groß, wie er sein muss.",
    "the factor 2 is missing: the slope of a square is 2 times what is squared": (
        "der Faktor 2 fehlt: Die Steigung eines Quadrats ist 2 mal das, was quadriert wird"
    ),
    "it is twice as much": "es ist doppelt so viel",
    "there is a factor 2 too many": "da ist ein Faktor 2 zu viel",
    "sign": "Vorzeichen",
    "The gradient, or one term of it, has the opposite sign.": (
        "Der Gradient oder einer seiner Summanden hat das falsche Vorzeichen."
    ),
    "the difference is {one} - {other}, and not the other way round": (
        "die Differenz ist {one} - {other}, nicht umgekehrt"
    ),
    "the sign is the wrong one": "das Vorzeichen ist falsch",
    "transposed": "transponiert",
    "The gradient is the transpose of the right one.": "Der Gradient ist die Transponierte des richtigen.",
    "that belongs in row {row}, column {column}: the matrix is transposed": (
        "das gehört in Zeile {row}, Spalte {column}: Die Matrix ist transponiert"
    ),
    "{matrix} is taken with its rows and columns exchanged": "bei {matrix} sind Zeilen und Spalten vertauscht",
    "a digit is left out or written twice: it is {value}": "eine Ziffer fehlt oder steht doppelt da: es ist {value}",
    "that is the number of blank {number}": "das ist die Zahl von Lücke {number}",
    "digit lost": "Ziffer verloren",
    "A digit of a number is left out, or stands there twice.": "Eine Ziffer einer Zahl fehlt oder steht doppelt da.",
    "Round each number to {decimals} decimals, and go on with the rounded one.": (
        "Runde jede Zahl auf {decimals} Stellen und rechne mit der gerundeten weiter."
    ),
    "⊙: entry by entry": "⊙: Eintrag mal Eintrag",
    "rows and columns are exchanged": "Zeilen und Spalten sind vertauscht",
    "missing sum": "fehlende Summe",
    "The gradient still has the axis along which the array was broadcast.": (
        "Im Gradienten fehlt die Summe über die Einträge, auf die der Wert verteilt wurde."
    ),
    "that is one of {n} terms: they are added up": "das ist einer von {n} Summanden: Sie werden addiert",
    "bias sum": "Summe beim Bias",
    "The slopes of a bias are added up wrongly.": "Die Steigungen eines Bias sind falsch addiert.",
    "{name} is added up along the other axis": "{name} wird in der anderen Richtung addiert",
    "all of {name} is added up": "da ist alles von {name} addiert",
    "a bias is added, and not multiplied by {input}: its slopes are added up as they are": (
        "ein Bias wird addiert und nicht mit {input} multipliziert: Seine Steigungen werden so addiert, wie sie sind"
    ),
    "forgotten": "vergessen",
    "The slopes of an array, or the part of one term in them, are zero: nothing was sent back to it.": (
        "Steigungen oder der Beitrag eines Summanden sind null: Dorthin wurde nichts zurückgegeben."
    ),
    "something does come back here: it is not 0": "hier kommt etwas zurück: Es ist nicht 0",
    "it is not 1 of itself: what comes back counts": "es ist nicht von selbst 1: Was zurückkommt, zählt",
    "missing slope": "fehlende Steigung",
    "The slope of an activation, or of another inner function, is left out.": (
        "Die Steigung einer Aktivierung oder einer anderen inneren Funktion ist weggelassen."
    ),
    "the slope {slope} is left out: what comes back is multiplied by it": (
        "die Steigung {slope} ist weggelassen: Was zurückkommt, wird mit ihr multipliziert"
    ),
    "post-activation": "vor und nach der Aktivierung",
    "The slope of an activation is taken at its result where its argument belongs, or the other way round.": (
        "Die Steigung einer Aktivierung ist an ihrem Ergebnis statt an ihrer Eingabe genommen, oder umgekehrt."
    ),
    "it is worked out at {wrong} where {right} belongs": "es ist an {wrong} berechnet, wo {right} hingehört",
    "activation for slope": "Wert statt Steigung",
    "An activation's value stands where its slope belongs.": (
        "Der Wert einer Aktivierung steht, wo ihre Steigung hingehört."
    ),
    "{value} itself stands where its slope {slope} belongs": (
        "{value} selbst steht, wo die Steigung {slope} hingehört"
    ),
    "stale weights": "veraltete Gewichte",
    "A weight was updated before the way back had read it.": (
        "Ein Gewicht wurde geändert, bevor der Rückweg es gelesen hatte."
    ),
    "{wrong} stands where {right} belongs": "{wrong} steht, wo {right} hingehört",
    "missing path": "fehlender Weg",
    "A value is used more than once, and only one of the uses is counted.": (
        "Ein Wert wird mehrmals verwendet, gezählt ist nur eine Verwendung."
    ),
    "the term {term} is left out: every path counts": "der Summand {term} ist weggelassen: Jeder Weg zählt",
    "counted twice": "doppelt gezählt",
    "What one use of a value brings is added twice.": "Was eine Verwendung beiträgt, ist zweimal addiert.",
    "the term {term} is counted twice": "der Summand {term} ist doppelt gezählt",
    "softmax diagonal": "Diagonale von Softmax",
    "Of the softmax's table of slopes only the diagonal is used.": (
        "Von der Steigungstabelle von Softmax ist nur die Diagonale verwendet."
    ),
    "every share hangs on every score: the others' terms are missing": (
        "jeder Anteil hängt von jedem Rohwert ab: Die Summanden der anderen fehlen"
    ),
    "misplaced": "am falschen Platz",
    "The right numbers stand in the wrong cells, or rows of the data are out of step.": (
        "Die richtigen Zahlen stehen an den falschen Stellen, oder Datensätze sind verrutscht."
    ),
    "that is the number of another place: {place}": "das ist die Zahl einer anderen Stelle: {place}",
    "another function": "eine andere Funktion",
    "The slope is that of another activation, or the gradient that of another loss.": (
        "Die Steigung gehört zu einer anderen Aktivierung oder der Gradient zu einem anderen Verlust."
    ),
    "{function} is left out": "{function} ist weggelassen",
    "that is {other}, and not {function}": "das ist {other}, nicht {function}",
    "wrong operand": "falscher Wert gelesen",
    "A value of another layer or another place is read on the way back.": (
        "Auf dem Rückweg ist der Wert einer anderen Schicht oder Stelle gelesen."
    ),
    "shares less labels": "Anteile weniger Zielwerte",
    "The labels are not taken off the shares, or scores stand in place of shares.": (
        "Die Zielwerte sind nicht von den Anteilen abgezogen, oder Rohwerte stehen statt der Anteile."
    ),
    "{labels} is not taken away": "{labels} ist nicht abgezogen",
    "slope twice or below": "Steigung doppelt oder im Nenner",
    "The slope of a function is multiplied with twice, or divided by.": (
        "Mit der Steigung einer Funktion ist zweimal multipliziert, oder es ist durch sie geteilt."
    ),
    "the slope {slope} is multiplied twice": "mit der Steigung {slope} ist zweimal multipliziert",
    "inner sign": "Vorzeichen im Inneren",
    "One factor or one term on the way back has the wrong sign.": (
        "Ein Faktor oder ein Summand auf dem Rückweg hat das falsche Vorzeichen."
    ),
    "{term} is taken away, and not added": "{term} wird abgezogen, nicht addiert",
    "the term {term} has the wrong sign": "der Summand {term} hat das falsche Vorzeichen",
    "missing factor": "fehlender Faktor",
    "One factor or one term of a formula on the way back is left out.": (
        "Ein Faktor oder ein Summand einer Formel auf dem Rückweg ist weggelassen."
    ),
    "the factor {factor} is missing": "der Faktor {factor} fehlt",
    "change, not ratio": "Änderung statt Quotient",
    "The change is given, and not the change divided by the nudge.": (
        "Angegeben ist die Änderung des Ergebnisses, nicht diese geteilt durch die Änderung der Eingabe."
    ),
    "that is {top}: it is divided by {bottom}": "das ist {top}: Es wird noch durch {bottom} geteilt",
    "ratio upside down": "Quotient umgekehrt",
    "The ratio is turned round: the nudge divided by the change.": (
        "Der Quotient steht auf dem Kopf: Zähler und Nenner sind vertauscht."
    ),
    "it is {top} divided by {bottom}, and not the other way round": (
        "es ist {top} geteilt durch {bottom}, nicht umgekehrt"
    ),
    "another operation": "eine andere Rechenart",
    "Two numbers are added, multiplied or divided where another of these belongs.": (
        "Zwei Zahlen sind addiert, multipliziert oder geteilt, wo eine andere Rechenart hingehört."
    ),
    "{one} and {other} are multiplied, and not added": "{one} und {other} werden multipliziert, nicht addiert",
    "{one} and {other} are multiplied, and not divided": "{one} und {other} werden multipliziert, nicht geteilt",
    "{one} is divided by {other}, and not multiplied": "{one} wird durch {other} geteilt, nicht multipliziert",
    "{one} is divided by {other}, and nothing is taken away": (
        "{one} wird durch {other} geteilt, abgezogen wird nichts"
    ),
    "{one} and {other} are added, and not multiplied": "{one} und {other} werden addiert, nicht multipliziert",
    "power kept": "Exponent behalten",
    "The exponent is not taken down by one, or a square is taken as twice the number.": (
        "Der Exponent ist nicht um eins kleiner geworden, oder ein Quadrat ist als das Doppelte genommen."
    ),
    "{base}^{n} is not {n} times {base}": "{base}^{n} ist nicht {n} mal {base}",
    "{base} is not raised to the power {n}": "{base} ist nicht hoch {n} genommen",
    "the exponent {n} of {base} comes down as a factor and is one less": (
        "der Exponent {n} von {base} kommt als Faktor nach vorn und wird um eins kleiner"
    ),
    "sign lost": "Minus verloren",
    "A minus sign is lost when a number is copied.": "Beim Abschreiben einer Zahl ist das Minus verloren gegangen.",
    "a minus of {name} got lost": "ein Minus von {name} ist verloren gegangen",
    "the minus of the result is missing": "das Minus des Ergebnisses fehlt",
    "uphill": "bergauf",
    "The step is added to the weight, and goes up the hill.": (
        "Der Schritt ist zum Gewicht addiert und führt bergauf."
    ),
    "the step goes against the slope: it is taken away": "der Schritt geht gegen die Steigung: Er wird abgezogen",
    "learning rate forgotten": "Lernrate vergessen",
    "The whole slope is taken off the weight, and not a part of it.": (
        "Vom Gewicht ist die ganze Steigung abgezogen, nicht nur ein Teil davon."
    ),
    "the learning rate is missing: only a part of the slope is taken off": (
        "die Lernrate fehlt: Nur ein Teil der Steigung wird abgezogen"
    ),
    "both nudged": "mehrere geändert",
    "Two weights were nudged at once, or the first was not put back.": (
        "Zwei Gewichte wurden auf einmal geändert, oder das erste wurde nicht zurückgesetzt."
    ),
    "that is the sum over several nudges: each is put back before the next": (
        "das ist die Summe über mehrere Änderungen: Jede wird vor der nächsten zurückgenommen"
    ),
    "entry by entry": "Eintrag für Eintrag",
    "Two matrices are multiplied entry by entry, and not rows times columns.": (
        "Zwei Matrizen sind Eintrag für Eintrag multipliziert, nicht Zeilen mal Spalten."
    ),
    "a row of {left} times a column of {right} belongs here, and not entry times entry": (
        "hier gehört eine Zeile von {left} mal eine Spalte von {right} hin, nicht Eintrag mal Eintrag"
    ),
    "decimal point": "Komma verrutscht",
    "The digits are right, and the decimal point is at another place.": (
        "Die Ziffern stimmen, das Komma steht an einer anderen Stelle."
    ),
    "the digits are right: look at the decimal point": "die Ziffern stimmen: Achte auf das Komma",
    "wrong mask": "falsche Maske",
    "The mask on the way back is not that of the forward pass: turned round, shifted, or of other values.": (
        "Die Maske auf dem Rückweg ist nicht die des Hinwegs: umgedreht, verschoben oder von anderen Werten."
    ),
    "digits exchanged": "Ziffern vertauscht",
    "Two digits of a number stand in each other's place.": "Zwei Ziffern einer Zahl sind vertauscht.",
    "two digits are exchanged: it is {value}": "zwei Ziffern sind vertauscht: Es ist {value}",
    "a bias is added, and not multiplied by {input}": "ein Bias wird addiert und nicht mit {input} multipliziert",
    "{one} is nudged as well as {other}: each alone, and put back before the next": (
        "{one} ist ebenso geändert wie {other}: jedes für sich, und vor dem nächsten zurückgesetzt"
    ),
    "it is a sum, and not a mean: it is not divided by {n}": (
        "es ist eine Summe und kein Mittelwert: Es wird nicht durch {n} geteilt"
    ),
    "it is not divided by {bottom}": "es wird nicht durch {bottom} geteilt",
    "{term} is left out": "{term} ist weggelassen",
    "only the term {term} is there: every path counts": "nur der Summand {term} steht da: Jeder Weg zählt",
    "{one} times {other} is no product rule: each slope is multiplied by the other factor": (
        "{one} mal {other} ist nicht die Produktregel: Jede Steigung wird mit dem anderen Faktor multipliziert"
    ),
    "{scores} are the scores: the labels are taken off the shares {shares}": (
        "{scores} sind die Rohwerte: Die Zielwerte werden von den Anteilen {shares} abgezogen"
    ),
    "the exponent {n} comes down as a factor and is one less": (
        "der Exponent {n} kommt als Faktor nach vorn und wird um eins kleiner"
    ),
    "every share hangs on every score: off the diagonal the table is not 0": (
        "jeder Anteil hängt von jedem Rohwert ab: Neben der Diagonale steht keine 0"
    ),
    "the step is taken off the old value: it is not the new one": (
        "der Schritt wird vom alten Wert abgezogen: Er ist nicht selbst der neue"
    ),
    "the slope is 1 where {name} is above 0, and not below": (
        "die Steigung ist 1, wo {name} über 0 liegt, nicht darunter"
    ),
    "the slope is not 1 everywhere: only where {name} is above 0": (
        "die Steigung ist nicht überall 1: nur wo {name} über 0 liegt"
    ),
    "the mask is that of {name}, and not of what comes back": (
        "die Maske ist die von {name}, nicht die dessen, was zurückkommt"
    ),
    "the slope by {name} is what {name} is multiplied by, and not {name} itself": (
        "die Steigung nach {name} ist das, womit {name} multipliziert wird, nicht {name} selbst"
    ),
    "regulariser": "Regularisierung",
    "The part of the regulariser is missing, too large or too small, or is in an array that has none.": (
        "Der Anteil der Regularisierung fehlt, ist zu groß oder zu klein oder steht, wo keiner hingehört."
    ),
    "weights decay, and not a bias": "Gewichte nehmen ab, ein Bias nicht",
    "one digit is off by 1 or 2: reckon once more": "eine Ziffer ist um 1 oder 2 daneben: Rechne noch einmal nach",
    "slip of arithmetic": "Rechenfehler",
    "The number is the right one but for 1 or 2 in one digit.": ("Die Zahl stimmt bis auf 1 oder 2 in einer Ziffer."),
    "missing mask": "fehlende Maske",
    "The mask of a relu, a clip or a maximum is missing on the way back.": (
        "Auf dem Rückweg fehlt die Maske eines relu, einer Begrenzung oder eines Maximums."
    ),
    "ignores what comes back": "ohne das, was zurückkommt",
    "The backward of a function ignores the upstream gradient, or does not use it in proportion.": (
        "Der Rückweg einer Funktion beachtet nicht, was zurückkommt, oder nicht im Verhältnis."
    ),
    "another rule": "andere Regel",
    "A rule of differentiation is used that is none, or that belongs to another form.": (
        "Eine Ableitungsregel ist keine, oder sie gehört zu einer anderen Form."
    ),
    "{wrong} belongs to another term: nothing multiplies {name}, so its slope is 1 times what comes back": (
        "{wrong} gehört zu einem anderen Summanden: {name} wird mit nichts multipliziert, "
        "also ist die Steigung 1 mal das, was zurückkommt"
    ),
    "worked from the start: the question is about their numbers": (
        "von Anfang an gerechnet: Gefragt ist nach den Zahlen, die dort stehen"
    ),
    "{name} is nudged here, and not {other}": "hier wird {name} angestoßen, nicht {other}",
    "that is the ratio of one side: here the rise is from below to above, over both nudges": (
        "das ist das Verhältnis einer Seite: Hier geht es von unten nach oben, geteilt durch beide Anstöße"
    ),
    "{name} is read from its other end": "{name} ist vom anderen Ende her gelesen",
    "this number and that of blank {number} stand in each other's place": (
        "diese Zahl und die von Lücke {number} stehen vertauscht"
    ),
    "that is rounded to a whole number: it is {value}": "das ist auf eine ganze Zahl gerundet: es ist {value}",
    "rounded slopes": "gerundete Steigungen",
    "The slopes are right, and then rounded to few digits.": (
        "Die Steigungen stimmen und sind dann auf wenige Stellen gerundet."
    ),
    "a share is divided by the sum of all, and not by {n}, how many there are": (
        "ein Anteil wird durch die Summe aller geteilt, nicht durch {n}, ihre Anzahl"
    ),
    "{slope} is left out: what comes back is multiplied by it": (
        "{slope} fehlt: Was zurückkommt, wird damit multipliziert"
    ),
    "the slope of a size is the sign of {right}: below 0 it is -1": (
        "die Steigung eines Betrags ist das Vorzeichen von {right}: unter 0 ist sie -1"
    ),
    "read backwards, {term} is added here, and not taken off": (
        "rückwärts gelesen wird {term} hier addiert, nicht abgezogen"
    ),
    "read backwards, {term} is taken off here, and not added": (
        "rückwärts gelesen wird {term} hier abgezogen, nicht addiert"
    ),
    "that is a relu's: below 0 it is not 0 here": "das ist die eines relu: Unter 0 ist sie hier nicht 0",
    "in e^{part} the sign is the wrong one": "in e^{part} ist das Vorzeichen falsch",
    "these are multiplied, and not added": "hier wird multipliziert, nicht addiert",
    "these are added, and not multiplied": "hier wird addiert, nicht multipliziert",
    "({base})^{n} is not the power of each added up": "({base})^{n} ist nicht die Summe der einzelnen Potenzen",
    "{name} was updated too soon: both are updated from the same slopes": (
        "{name} ist zu früh geändert: Beide werden aus denselben Steigungen geändert"
    ),
    "at 0 itself the slope is taken as 0": "bei 0 selbst gilt die Steigung als 0",
    "the slope of a relu is not 1 everywhere: where it is off, {name} does not change": (
        "die Steigung eines relu ist nicht überall 1: Wo es aus ist, ändert sich {name} nicht"
    ),
    "copied": "abgeschrieben",
    "One of the numbers that go in is written down as the result.": (
        "Eine der Zahlen, die hineingehen, steht als Ergebnis da."
    ),
    "that is {name} itself: the step is missing": "das ist {name} selbst: Der Rechenschritt fehlt",
}

_MARKS = {
    "right": "richtig",
    "carried": "Folgefehler",
    "too few digits": "zu wenige Stellen",
    "mistake": "Fehler",
    "wrong": "falsch",
    "empty": "leer",
    "unreadable": "nicht lesbar",
    "this cannot be read as a number": "das lässt sich nicht als Zahl lesen",
    "right, with too few digits: {value}": "richtig, aber mit zu wenigen Stellen: {value}",
    "the method is right: it follows from your blank {numbers}": (
        "der Weg stimmt: Es folgt aus dem, was in Deiner Lücke {numbers} steht"
    ),
    "this follows from blank {numbers}, but with a 0 there nothing is left to work out": (
        "das folgt aus Lücke {numbers}, aber mit einer 0 dort bleibt nichts zu rechnen"
    ),
    "it is one of: {all}": "es ist eines von: {all}",
    "{score} of {total}": "{score} von {total}",
    "blank": "Lücke",
    "blank {number}": "Lücke {number}",
    "shape of {name}": "Form von {name}",
    "rule of {name}": "Regel von {name}",
}

_HINTS = {
    "rows times columns: the shape follows from what is multiplied with what": (
        "Zeilen mal Spalten: Die Form folgt daraus, was womit multipliziert wird"
    ),
    "it is {answer}": "es ist {answer}",
    "one of: {all}": "eines von: {all}",
    "look for a line in which this is the only number that is missing": (
        "suche eine Zeile, in der nur diese Zahl fehlt"
    ),
    "it follows from {what}": "es folgt aus {what}",
    "it needs blank {numbers}": "dazu braucht es Lücke {numbers}",
    "{one} if {condition}, otherwise {other}": "{one}, falls {condition}, sonst {other}",
}

_PAGE = {
    "Level {level}": "Stufe {level}",
    "Blank": "Lücke",
    "Answer": "Antwort",
    "Answers": "Antworten",
    "Key": "Lösungen",
    "Name": "Name",
    "Type ? into a blank for a hint.": "Ein ? in einer Lücke gibt einen Tipp.",
    "Mark all": "Alles prüfen",
    "Hint": "Tipp",
    "Save answers": "Speichern",
    "Start again": "Neu beginnen",
    "saved as {name}": "gespeichert als {name}",
    "this browser keeps nothing: save your answers to a file": (
        "dieser Browser behält nichts: Speichere Deine Antworten in eine Datei"
    ),
    "clear everything that was typed?": "Alles löschen, was Du eingetragen hast?",
    "{count} of {total} filled in": "{count} von {total} ausgefüllt",
    "Formula": "Formel",
    "Table": "Tabelle",
    "Program": "Programm",
    "Steps": "Schritte",
    "why": "warum",
    "warning": "Achtung",
    "over rows": "über Zeilen",
    "over columns": "über Spalten",
    "over rows and columns": "über Zeilen und Spalten",
    "otherwise": "sonst",
    "What each mistake gives": "Was jeder Fehler ergibt",
    "what a mistake gives": "was ein Fehler ergibt",
    "mistakes that nobody would see": "Fehler, die niemand sähe",
    "gradwork explain CODE says what each of them is": "gradwork explain CODE erklärt jeden davon",
}

_TERMINAL = {
    "{title}, level {level}, seed {seed}.": "{title}, Stufe {level}, Nummer {seed}.",
    "? gives a hint, Enter skips, q stops.": "? gibt einen Tipp, Enter überspringt, q hört auf.",
    "What you type is kept in {path}.": "Was Du tippst, steht in {path}.",
    "stopped": "aufgehört",
    "stopped; what was typed is kept": "aufgehört; was Du getippt hast, ist aufgehoben",
    "try again; Enter leaves it, ? gives a hint": "versuch es noch einmal; Enter lässt es so, ? gibt einen Tipp",
}

_REPORT = {
    "learner": "Name",
    "learners": "Lernende",
    "seed": "Nummer",
    "marks": "Punkte",
    "of": "von",
    "mistakes": "Fehler",
    "Most missed": "Am häufigsten verfehlt",
    "missed": "verfehlt",
    "blanks": "Lücken",
    "Mistakes by name": "Fehler beim Namen",
}

_PAPER = {
    "level {level}": "Stufe {level}",
    "seed {seed}": "Nummer {seed}",
    "QR code of this sheet": "QR-Code dieses Blatts",
    "rows {first} to {last}:": "Zeilen {first} bis {last}:",
}

# How formulas are read aloud, and the few words that stand in them.
_SPOKEN = {
    "a formula": "eine Formel",
    "if": "falls",
    "to": "bis",
    "in": "in",
    "and": "und",
    "equals": "gleich",
    "is less than": "ist kleiner als",
    "is greater than": "ist größer als",
    "is at most": "ist höchstens",
    "is at least": "ist mindestens",
    "is not equal to": "ist ungleich",
    "is about": "ist ungefähr",
    "goes to": "geht gegen",
    "plus": "plus",
    "minus": "minus",
    "plus or minus": "plus oder minus",
    "times": "mal",
    "matrix times": "Matrixprodukt mit",
    "times, entry by entry,": "mal, Eintrag für Eintrag,",
    "composed with": "verkettet mit",
    "over": "durch",
    "the logarithm of": "der Logarithmus von",
    "e to the power of": "e hoch",
    "the square root of": "die Quadratwurzel aus",
    "the cube root of": "die dritte Wurzel aus",
    "the root of degree {degree} of": "die Wurzel vom Grad {degree} aus",
    "the sum of": "die Summe von",
    "the mean of": "der Mittelwert von",
    "the maximum of": "das Maximum von",
    "the minimum of": "das Minimum von",
    "the absolute value of": "der Betrag von",
    "{function} of": "{function} von",
    "open bracket": "Klammer auf",
    "close bracket": "Klammer zu",
    "open square bracket": "eckige Klammer auf",
    "close square bracket": "eckige Klammer zu",
    "open brace": "geschweifte Klammer auf",
    "close brace": "geschweifte Klammer zu",
    "open bracket {body} close bracket": "Klammer auf {body} Klammer zu",
    "{base} squared": "{base} Quadrat",
    "{base} cubed": "{base} hoch 3",
    "{base} to the power of {exponent}": "{base} hoch {exponent}",
    "{number} times 10 to the power of {exponent}": "{number} mal 10 hoch {exponent}",
    "not a number": "keine Zahl",
    "infinity": "unendlich",
    "and so on": "und so weiter",
    "and so on down": "und so weiter nach unten",
    "struck out": "durchgestrichen",
    "blank {number}, one of: {choices}; end of choices": "Lücke {number}, eines von: {choices}; Ende der Auswahl",
    "{matrix} transposed": "{matrix} transponiert",
    "{name} sub {indices}": "{name} Index {indices}",
    "the absolute value of {body}, end of absolute value": "der Betrag von {body}, Ende des Betrags",
    "the norm of {body}, end of norm": "die Norm von {body}, Ende der Norm",
    "the sum of {body}": "die Summe von {body}",
    "the sum over {below} of {body}": "die Summe über {below} von {body}",
    "the sum from {below} to {above} of {body}": "die Summe von {below} bis {above} von {body}",
    "second derivative: ": "zweite Ableitung: ",
    "derivative of order {order}: ": "Ableitung der Ordnung {order}: ",
    "d {top} by d {bottom}": "d {top} nach d {bottom}",
    "partial {top} by partial {bottom}": "partiell {top} nach partiell {bottom}",
    "by": "mal",
    "a vector of {size}": "ein Vektor der Länge {size}",
    "a {size} matrix": "eine Matrix, {size}",
    "the vector of {size}: {rows}; end of vector": "der Vektor der Länge {size}: {rows}; Ende des Vektors",
    "the {size} matrix: {rows}; end of matrix": "die Matrix, {size}: {rows}; Ende der Matrix",
}

TEXTS = {
    **_CHAPTERS,
    **_RULES,
    **_MISTAKES,
    **_MARKS,
    **_HINTS,
    **_PAGE,
    **_TERMINAL,
    **_REPORT,
    **_PAPER,
    **_SPOKEN,
}
