// Starts the page.
document.body.append("Lorica");
