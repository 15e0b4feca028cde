// Elements, attributes and links that the page never makes itself.
() => {
    const problems = [];
    const banned = 'script, img, svg, iframe, object, embed, form, base, audio, video, input, template';
    for (const element of document.querySelectorAll(banned)) {
        problems.push('there is an element ' + element.outerHTML.slice(0, 200));
    }
    if (document.querySelectorAll('style').length !== 1) problems.push('there is not one style sheet');
    if (document.querySelectorAll('main').length !== 1) problems.push('there is not one main');
    if (document.title === 'run') problems.push('a script ran');
    for (const element of document.querySelectorAll('*')) {
        for (const { name, value } of element.attributes) {
            if (name.startsWith('on') || name === 'src' || name === 'style' || name === 'srcdoc') {
                problems.push(`<${element.localName}> has ${name}=${value.slice(0, 100)}`);
            }
            if (name === 'href' && !value.startsWith('#') && value !== 'data:,') {
                problems.push('a link leads to ' + value.slice(0, 100));
            }
        }
    }
    return problems;
}
