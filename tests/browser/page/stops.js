// What Tab should reach, in the order of the page.
() => [...document.querySelectorAll('a[href], summary, [tabindex="0"]')]
    .filter(element => element.checkVisibility())
    .map(element => element.localName
        + (element.className ? '.' + element.className : '')
        + (element.className ? '' : element.hash ? ' ' + element.hash : '')
        + ' ' + element.textContent.trim().slice(0, 60))
