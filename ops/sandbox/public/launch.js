// Sends the ticket on as soon as the new tab has it; without scripts the button below the line does the same.
document.getElementById('launch').submit()
